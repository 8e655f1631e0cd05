// Java's TLS: `Jsse.java fetch URL [CA]` asks once, `Jsse.java serve PORT STORE` is a TLS server that reads one request.
// With -Dhttps.protocols=SSLv2Hello,... Java still opens with a hello in SSL 2.0 form (RFC 5246 E.2).
import java.io.FileInputStream;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URL;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

public class Jsse {
    public static void main(String[] args) throws Exception {
        if (args[0].equals("fetch")) {
            if (args.length > 2) {
                trust(args[2]);
            }
            fetch(args[1]);
        } else {
            serve(Integer.parseInt(args[1]), args[2]);
        }
    }

    static void fetch(String url) throws IOException {
        HttpURLConnection connection = (HttpURLConnection) new URL(url).openConnection();
        connection.setConnectTimeout(4000);
        connection.setReadTimeout(4000);
        System.out.println(connection.getResponseCode());
    }

    static void trust(String file) throws Exception {
        KeyStore authorities = KeyStore.getInstance("PKCS12");
        authorities.load(null, null);
        try (FileInputStream pem = new FileInputStream(file)) {
            authorities.setCertificateEntry("lab", CertificateFactory.getInstance("X.509").generateCertificate(pem));
        }
        TrustManagerFactory managers = TrustManagerFactory.getInstance("PKIX");
        managers.init(authorities);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, managers.getTrustManagers(), null);
        HttpsURLConnection.setDefaultSSLSocketFactory(context.getSocketFactory());
    }

    static void serve(int port, String store) throws Exception {
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (FileInputStream file = new FileInputStream(store)) {
            keys.load(file, "lab".toCharArray());
        }
        KeyManagerFactory managers = KeyManagerFactory.getInstance("PKIX");
        managers.init(keys, "lab".toCharArray());
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(managers.getKeyManagers(), null, null);
        try (var listener = context.getServerSocketFactory().createServerSocket(port)) {
            while (true) {
                try (var connection = listener.accept()) {
                    connection.getInputStream().read(new byte[4096]);
                } catch (IOException error) {
                    System.err.println(error);
                }
            }
        }
    }
}
