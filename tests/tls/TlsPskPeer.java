// SPDX-License-Identifier: Apache-2.0
// The same conversation as tls-peer, by BouncyCastle:
//   java TlsPskPeer client|server PORT KEY_HEX [IDENTITY]

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import org.bouncycastle.tls.BasicTlsPSKIdentity;
import org.bouncycastle.tls.CipherSuite;
import org.bouncycastle.tls.PSKTlsClient;
import org.bouncycastle.tls.PSKTlsServer;
import org.bouncycastle.tls.ProtocolVersion;
import org.bouncycastle.tls.TlsClientProtocol;
import org.bouncycastle.tls.TlsPSKIdentityManager;
import org.bouncycastle.tls.TlsServerProtocol;
import org.bouncycastle.tls.crypto.impl.bc.BcTlsCrypto;
import org.bouncycastle.util.encoders.Hex;

public class TlsPskPeer {
    static final int[] SUITES = {
        CipherSuite.TLS_PSK_WITH_AES_128_GCM_SHA256, CipherSuite.TLS_PSK_WITH_AES_256_GCM_SHA384,
        CipherSuite.TLS_PSK_WITH_AES_128_CBC_SHA256, CipherSuite.TLS_PSK_WITH_AES_128_CBC_SHA,
    };

    static void client(Socket socket, byte[] identity, byte[] key) throws Exception {
        TlsClientProtocol protocol =
            new TlsClientProtocol(socket.getInputStream(), socket.getOutputStream());
        protocol.connect(new PSKTlsClient(new BcTlsCrypto(new SecureRandom()),
                                          new BasicTlsPSKIdentity(identity, key)) {
            protected ProtocolVersion[] getSupportedVersions() {
                return ProtocolVersion.TLSv12.only();
            }

            protected int[] getSupportedCipherSuites() {
                return SUITES;
            }
        });
        System.out.println("open");
        protocol.getOutputStream().write("hello mediasec\n".getBytes(StandardCharsets.UTF_8));
        System.out.println("line " + reader(protocol.getInputStream()).readLine());
        protocol.close();
    }

    static void server(Socket socket, byte[] key) throws Exception {
        TlsServerProtocol protocol =
            new TlsServerProtocol(socket.getInputStream(), socket.getOutputStream());
        TlsPSKIdentityManager manager = new TlsPSKIdentityManager() {
            public byte[] getHint() {
                return "a hint nobody asked for".getBytes(StandardCharsets.UTF_8);
            }

            public byte[] getPSK(byte[] identity) {
                System.out.println("identity of " + identity.length + " octets");
                return key.clone();
            }
        };
        protocol.accept(new PSKTlsServer(new BcTlsCrypto(new SecureRandom()), manager) {
            protected ProtocolVersion[] getSupportedVersions() {
                return ProtocolVersion.TLSv12.only();
            }

            protected int[] getSupportedCipherSuites() {
                return SUITES;
            }
        });
        System.out.println("open");
        BufferedReader in = reader(protocol.getInputStream());
        OutputStream out = protocol.getOutputStream();
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            System.out.println("line " + line);
            out.write(("echo " + line + "\n").getBytes(StandardCharsets.UTF_8));
        }
        protocol.close();
    }

    static BufferedReader reader(java.io.InputStream in) {
        return new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
    }

    public static void main(String[] args) throws Exception {
        InetAddress here = InetAddress.getByName("127.0.0.1");
        int port = Integer.parseInt(args[1]);
        byte[] key = Hex.decode(args[2]);

        if (args[0].equals("client")) {
            String identity = args.length > 3 ? args[3] : "";
            client(new Socket(here, port), identity.getBytes(StandardCharsets.UTF_8), key);
        } else {
            ServerSocket listener = new ServerSocket(port, 1, here);
            System.out.println("listening");
            server(listener.accept(), key);
        }
        System.out.println("closed");
    }
}
