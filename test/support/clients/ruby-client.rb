# Ruby's Net::FTP as a client for tests: reads one session as JSON on standard input, does its steps, prints listings.
require 'json'
require 'net/ftp'
require 'openssl'

session = JSON.parse($stdin.read)
identity = session['identity']
version = session['tls'] == '1.2' ? OpenSSL::SSL::TLS1_2_VERSION : OpenSSL::SSL::TLS1_3_VERSION
tls = { ca_file: session['rootFile'], verify_mode: OpenSSL::SSL::VERIFY_PEER, min_version: session['offersOlderTls'] ? OpenSSL::SSL::TLS1_2_VERSION : version, max_version: version }
if identity['kind'] == 'files'
  chain = OpenSSL::X509::Certificate.load_file(identity['certificateFile'])
  tls[:cert] = chain.first
  tls[:extra_chain_cert] = chain.drop(1)
  tls[:key] = OpenSSL::PKey.read(File.read(identity['keyFile']))
end
begin
  ftp = Net::FTP.new(session['host'] || 'localhost', port: session['port'], ssl: tls, implicit_ftp: session['implicit'] || false,
                                  passive: !session['active'], private_data_connection: true,
                                  username: session['user'], password: session['password'] || 'none',
                                  open_timeout: 15, read_timeout: 15)
  session['steps'].each do |step|
    case step['do']
    when 'list' then ftp.list(step['path']) { |line| puts line }
    when 'upload' then ftp.putbinaryfile(step['local'], step['remote'])
    else ftp.getbinaryfile(step['remote'], step['local'])
    end
  end
  ftp.quit
rescue Net::FTPError, SystemCallError, OpenSSL::SSL::SSLError, EOFError, Timeout::Error => e
  warn "#{e.class}: #{e.message}"
  exit 1
end
