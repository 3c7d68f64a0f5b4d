/* Apache Commons Net as a client for tests: reads one session as lines on standard input, does its steps, prints listings. */
import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.security.KeyStore;
import java.util.HashMap;
import java.util.Map;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.apache.commons.net.ftp.FTP;
import org.apache.commons.net.ftp.FTPFile;
import org.apache.commons.net.ftp.FTPSClient;

public class CommonsNetClient {
  public static void main(String[] arguments) throws Exception {
    BufferedReader input = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
    Map<String, String> session = new HashMap<>();
    for (String line = input.readLine(); line != null && !line.isEmpty(); line = input.readLine()) {
      int separator = line.indexOf('=');
      session.put(line.substring(0, separator), line.substring(separator + 1));
    }
    FTPSClient client = new FTPSClient(session.get("implicit") != null, context(session));
    client.setEnabledProtocols(new String[] {"TLSv" + session.get("tls")});
    client.setConnectTimeout(15000);
    client.setDefaultTimeout(15000);
    client.connect(session.get("host"), Integer.parseInt(session.get("port")));
    done(client, client.login(session.get("user"), session.get("password")));
    client.execPBSZ(0);
    client.execPROT("P");
    if (session.get("active") == null) client.enterLocalPassiveMode();
    done(client, client.setFileType(FTP.BINARY_FILE_TYPE));
    for (String step = input.readLine(); step != null; step = input.readLine()) {
      String[] words = step.split("\t");
      if (words[0].equals("list")) {
        for (FTPFile file : client.listFiles(words[1])) System.out.println(file.getRawListing());
        done(client, client.getReplyCode() < 300);
      } else if (words[0].equals("upload")) {
        try (InputStream source = new FileInputStream(words[2])) {
          done(client, client.storeFile(words[1], source));
        }
      } else {
        try (OutputStream target = new FileOutputStream(words[2])) {
          done(client, client.retrieveFile(words[1], target));
        }
      }
    }
    client.logout();
    client.disconnect();
  }

  private static SSLContext context(Map<String, String> session) throws Exception {
    SSLContext context = SSLContext.getInstance("TLS");
    KeyManager[] keys = null;
    if (session.get("keyStore") != null) {
      KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      factory.init(store(session.get("keyStore")), "changeit".toCharArray());
      keys = factory.getKeyManagers();
    }
    TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    KeyStore roots = KeyStore.getInstance("PKCS12");
    roots.load(null, null);
    try (InputStream root = new FileInputStream(session.get("rootFile"))) {
      roots.setCertificateEntry("root", java.security.cert.CertificateFactory.getInstance("X.509").generateCertificate(root));
    }
    trust.init(roots);
    context.init(keys, trust.getTrustManagers(), null);
    return context;
  }

  private static KeyStore store(String file) throws Exception {
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (InputStream input = new FileInputStream(file)) {
      store.load(input, "changeit".toCharArray());
    }
    return store;
  }

  private static void done(FTPSClient client, boolean outcome) {
    if (outcome) return;
    System.err.print(client.getReplyString());
    System.exit(1);
  }
}
