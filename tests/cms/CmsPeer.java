// SPDX-License-Identifier: Apache-2.0
// AuthEnvelopedData with a KEK recipient by BouncyCastle, stdin to stdout:
//   java CmsPeer seal ALG MAC_LEN KEK_HEX KEY_ID_HEX [attributes]      ALG: AES-128-GCM ... AES-256-CCM
//   java CmsPeer open KEK_HEX

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.SecureRandom;
import java.security.Security;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.DERSet;
import org.bouncycastle.asn1.cms.Attribute;
import org.bouncycastle.asn1.cms.AttributeTable;
import org.bouncycastle.asn1.cms.CCMParameters;
import org.bouncycastle.asn1.cms.GCMParameters;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.cms.CMSAlgorithm;
import org.bouncycastle.cms.CMSAuthEnvelopedData;
import org.bouncycastle.cms.CMSAuthEnvelopedDataGenerator;
import org.bouncycastle.cms.CMSException;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.RecipientInformation;
import org.bouncycastle.cms.RecipientOperator;
import org.bouncycastle.cms.SimpleAttributeTableGenerator;
import org.bouncycastle.cms.jcajce.JceKEKRecipient;
import org.bouncycastle.cms.jcajce.JceKEKRecipientInfoGenerator;
import org.bouncycastle.jcajce.io.CipherInputStream;
import org.bouncycastle.jcajce.spec.AEADParameterSpec;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.GenericKey;
import org.bouncycastle.operator.InputAEADDecryptor;
import org.bouncycastle.operator.OutputAEADEncryptor;
import org.bouncycastle.operator.jcajce.JceGenericKey;
import org.bouncycastle.util.encoders.Hex;

public class CmsPeer {
    static class AadStream extends OutputStream {
        final Cipher cipher;

        AadStream(Cipher cipher) {
            this.cipher = cipher;
        }

        public void write(byte[] octets, int off, int len) {
            cipher.updateAAD(octets, off, len);
        }

        public void write(int octet) {
            cipher.updateAAD(new byte[] {(byte) octet});
        }
    }

    static String transformation(boolean ccm) {
        return ccm ? "AES/CCM/NoPadding" : "AES/GCM/NoPadding";
    }

    // The builder of the library has no say over the MAC's length, so we bring an encryptor of our own.
    static class Encryptor implements OutputAEADEncryptor {
        final AlgorithmIdentifier algorithm;
        final SecretKey key;
        final Cipher cipher;
        final int macLen;
        byte[] mac;

        Encryptor(ASN1ObjectIdentifier oid, boolean ccm, int keyLen, int macLen) throws Exception {
            SecureRandom random = new SecureRandom();
            byte[] cek = new byte[keyLen];
            byte[] nonce = new byte[12];

            random.nextBytes(cek);
            random.nextBytes(nonce);
            key = new SecretKeySpec(cek, "AES");
            this.macLen = macLen;
            algorithm = new AlgorithmIdentifier(
                oid, ccm ? new CCMParameters(nonce, macLen) : new GCMParameters(nonce, macLen));
            cipher = Cipher.getInstance(transformation(ccm), "BC");
            cipher.init(Cipher.ENCRYPT_MODE, key, new AEADParameterSpec(nonce, macLen * 8));
        }

        public AlgorithmIdentifier getAlgorithmIdentifier() {
            return algorithm;
        }

        public OutputStream getAADStream() {
            return new AadStream(cipher);
        }

        // The ciphertext without the MAC, which goes into its own field.
        public OutputStream getOutputStream(OutputStream out) {
            return new ByteArrayOutputStream() {
                public void close() throws IOException {
                    try {
                        byte[] sealed = cipher.doFinal(toByteArray());
                        out.write(sealed, 0, sealed.length - macLen);
                        mac = java.util.Arrays.copyOfRange(sealed, sealed.length - macLen,
                                                           sealed.length);
                        out.close();
                    } catch (GeneralSecurityException e) {
                        throw new IOException(e);
                    }
                }
            };
        }

        public GenericKey getKey() {
            return new JceGenericKey(algorithm, key);
        }

        public byte[] getMAC() {
            return mac;
        }
    }

    // The library has no KEK recipient for AuthEnvelopedData.
    static class Recipient extends JceKEKRecipient {
        Recipient(SecretKey kek) {
            super(kek);
            setProvider("BC");
        }

        public RecipientOperator getRecipientOperator(AlgorithmIdentifier keyAlg,
                                                      AlgorithmIdentifier contentAlg, byte[] encrypted)
            throws CMSException {
            Key key = extractSecretKey(keyAlg, contentAlg, encrypted);
            boolean ccm = contentAlg.getAlgorithm().equals(CMSAlgorithm.AES128_CCM) ||
                          contentAlg.getAlgorithm().equals(CMSAlgorithm.AES256_CCM);
            try {
                Cipher cipher = Cipher.getInstance(transformation(ccm), "BC");
                cipher.init(Cipher.DECRYPT_MODE, key, spec(ccm, contentAlg));
                return new RecipientOperator(new InputAEADDecryptor() {
                    public AlgorithmIdentifier getAlgorithmIdentifier() {
                        return contentAlg;
                    }

                    public InputStream getInputStream(InputStream in) {
                        return new CipherInputStream(in, cipher);
                    }

                    public OutputStream getAADStream() {
                        return new AadStream(cipher);
                    }

                    public byte[] getMAC() {
                        return null;
                    }
                });
            } catch (GeneralSecurityException e) {
                throw new CMSException(e.getMessage(), e);
            }
        }

        static AEADParameterSpec spec(boolean ccm, AlgorithmIdentifier alg) {
            if (ccm) {
                CCMParameters p = CCMParameters.getInstance(alg.getParameters());
                return new AEADParameterSpec(p.getNonce(), p.getIcvLen() * 8);
            }
            GCMParameters p = GCMParameters.getInstance(alg.getParameters());
            return new AEADParameterSpec(p.getNonce(), p.getIcvLen() * 8);
        }
    }

    static ASN1ObjectIdentifier oid(String alg) {
        switch (alg) {
        case "AES-128-GCM":
            return CMSAlgorithm.AES128_GCM;
        case "AES-256-GCM":
            return CMSAlgorithm.AES256_GCM;
        case "AES-128-CCM":
            return CMSAlgorithm.AES128_CCM;
        default:
            return CMSAlgorithm.AES256_CCM;
        }
    }

    // Two attributes, so that their order in the SET OF matters.
    static AttributeTable attributes() {
        AttributeTable none = new AttributeTable(new java.util.Hashtable());
        return none
            .add(new ASN1ObjectIdentifier("1.3.6.1.4.1.99999.2"), new DEROctetString(new byte[200]))
            .add(new ASN1ObjectIdentifier("1.3.6.1.4.1.99999.1"), new DEROctetString(new byte[3]));
    }

    static byte[] seal(String[] args, byte[] entity) throws Exception {
        CMSAuthEnvelopedDataGenerator generator = new CMSAuthEnvelopedDataGenerator();
        SecretKey kek = new SecretKeySpec(Hex.decode(args[3]), "AES");
        Encryptor encryptor = new Encryptor(oid(args[1]), args[1].endsWith("CCM"),
                                            args[1].contains("128") ? 16 : 32,
                                            Integer.parseInt(args[2]));

        generator.addRecipientInfoGenerator(
            new JceKEKRecipientInfoGenerator(Hex.decode(args[4]), kek).setProvider("BC"));
        if (args.length > 5)
            generator.setAuthenticatedAttributeGenerator(
                new SimpleAttributeTableGenerator(attributes()));
        return generator.generate(new CMSProcessableByteArray(entity), encryptor)
            .toASN1Structure()
            .getEncoded(ASN1Encoding.BER);
    }

    static byte[] open(String[] args, byte[] der) throws Exception {
        CMSAuthEnvelopedData data = new CMSAuthEnvelopedData(der);
        SecretKey kek = new SecretKeySpec(Hex.decode(args[1]), "AES");

        for (Object info : data.getRecipientInfos().getRecipients())
            return ((RecipientInformation) info).getContent(new Recipient(kek));
        throw new CMSException("no recipient");
    }

    public static void main(String[] args) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        byte[] in = System.in.readAllBytes();
        System.out.write(args[0].equals("seal") ? seal(args, in) : open(args, in));
        System.out.flush();
    }
}
