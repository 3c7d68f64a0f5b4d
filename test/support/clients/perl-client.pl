# Perl's Net::FTP as a client for tests: reads one session as JSON on standard input, does its steps, prints listings.
use strict;
use warnings;
use JSON::PP qw(decode_json);
use Net::FTP;

local $/;
my $session  = decode_json(<STDIN>);
my $identity = $session->{identity};
my %tls      = (
    SSL_ca_file      => $session->{rootFile},
    SSL_verify_mode  => 1,
    SSL_verifycn_name => $session->{host} // 'localhost',
    SSL_version      => $session->{tls} eq '1.2' ? 'TLSv12' : 'TLSv13',
);
if ($identity->{kind} eq 'files') {
    @tls{qw(SSL_cert_file SSL_key_file)} = @$identity{qw(certificateFile keyFile)};
}
my $ftp = Net::FTP->new(
    $session->{host} // 'localhost',
    Port    => $session->{port},
    Passive => $session->{active} ? 0 : 1,
    Timeout => 15,
    SSL     => $session->{implicit} ? 1 : 0,
    %tls,
) or die "connect: $@\n";

sub done { $_[0] or die 'refused: ' . $ftp->code . ' ' . $ftp->message; }

done($ftp->starttls) unless $session->{implicit};
done($ftp->login($session->{user}, $session->{password} // 'none'));
done($ftp->prot('P'));
$ftp->binary;
for my $step (@{ $session->{steps} }) {
    if    ($step->{do} eq 'list')   { my @lines = $ftp->dir($step->{path}); print map {"$_\n"} @lines; done($ftp->ok); }
    elsif ($step->{do} eq 'upload') { done($ftp->put($step->{local}, $step->{remote})); }
    else                            { done($ftp->get($step->{remote}, $step->{local})); }
}
$ftp->quit;
