// What Java's own PKIX and BouncyCastle say of certificates, with lists and over OCSP.
//
// Arguments: "paths", a PEM of the roots, a PEM of the lists, a file of certificate paths, and perhaps a PEM
// of certificates that lie beside the lists; or "ocsp", the address, a PEM of the issuer, the asker's certificate and key, a signature algorithm, certificate paths.
// Prints a line for each certificate: for paths the words of SUN and of BC, for OCSP the status.

import java.io.InputStream;
import java.io.OutputStream;
import java.io.StringReader;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.Security;
import java.security.cert.CertPath;
import java.security.cert.CertPathValidator;
import java.security.cert.CertStore;
import java.security.cert.CertificateFactory;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.ocsp.OCSPObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateHolder;
import org.bouncycastle.cert.ocsp.BasicOCSPResp;
import org.bouncycastle.cert.ocsp.CertificateID;
import org.bouncycastle.cert.ocsp.OCSPReqBuilder;
import org.bouncycastle.cert.ocsp.OCSPResp;
import org.bouncycastle.cert.ocsp.RevokedStatus;
import org.bouncycastle.cert.ocsp.SingleResp;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;

public class RelyingParties {
    public static void main(String[] arguments) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        if (arguments[0].equals("paths")) {
            paths(arguments);
        } else {
            ocsp(arguments);
        }
    }

    private static void paths(String[] arguments) throws Exception {
        List<X509Certificate> roots = certificates(Path.of(arguments[1]));
        List<Object> store = new ArrayList<>();
        try (InputStream in = Files.newInputStream(Path.of(arguments[2]))) {
            store.addAll(CertificateFactory.getInstance("X.509").generateCRLs(in));
        }
        if (arguments.length > 4) {
            store.addAll(certificates(Path.of(arguments[4])));
        }
        for (String file : Files.readAllLines(Path.of(arguments[3]))) {
            X509Certificate target = certificates(Path.of(file)).get(0);
            StringBuilder said = new StringBuilder();
            for (String provider : new String[] {"SUN", "BC"}) {
                said.append(word(provider, roots, store, target)).append(' ');
            }
            System.out.println(said + file);
        }
    }

    /** The verdict of one provider in one word, or the reason of a failure that is no verdict. */
    private static String word(
            String provider, List<X509Certificate> roots, List<Object> store, X509Certificate target)
            throws Exception {
        Set<TrustAnchor> anchors = new HashSet<>();
        roots.forEach(root -> anchors.add(new TrustAnchor(root, null)));
        PKIXParameters parameters = new PKIXParameters(anchors);
        parameters.setPolicyQualifiersRejected(false);
        parameters.addCertStore(
            CertStore.getInstance("Collection", new CollectionCertStoreParameters(store)));
        CertPath path =
            CertificateFactory.getInstance("X.509").generateCertPath(List.of(target));
        try {
            CertPathValidator.getInstance("PKIX", provider).validate(path, parameters);
            return "good";
        } catch (StackOverflowError endless) {
            return "endless";
        } catch (java.security.GeneralSecurityException refused) {
            String why = refused + " " + refused.getCause();
            boolean revoked = why.contains("revoked") || why.contains("revocation after");
            return revoked ? "revoked" : why.replaceAll("\\s+", "_");
        }
    }

    private static void ocsp(String[] arguments) throws Exception {
        X509CertificateHolder issuer = holder(arguments[2]);
        X509CertificateHolder asker = holder(arguments[3]);
        for (int index = 6; index < arguments.length; index++) {
            X509CertificateHolder target = holder(arguments[index]);
            byte[] nonce = new byte[128];
            new java.security.SecureRandom().nextBytes(nonce);
            Extension extension = new Extension(
                OCSPObjectIdentifiers.id_pkix_ocsp_nonce, false,
                new DEROctetString(nonce).getEncoded());
            byte[] request = new OCSPReqBuilder()
                .addRequest(new CertificateID(
                    new JcaDigestCalculatorProviderBuilder().build().get(CertificateID.HASH_SHA1),
                    issuer, target.getSerialNumber()))
                .setRequestExtensions(new Extensions(extension))
                .setRequestorName(asker.getSubject())
                .build(new JcaContentSignerBuilder(arguments[5]).build(key(arguments[4])),
                    new X509CertificateHolder[] {asker})
                .getEncoded();
            System.out.println(status(post(arguments[1], request), nonce) + " " + arguments[index]);
        }
    }

    private static String status(byte[] response, byte[] nonce) throws Exception {
        OCSPResp read = new OCSPResp(response);
        if (read.getStatus() != OCSPResp.SUCCESSFUL) {
            return "refused-" + read.getStatus();
        }
        BasicOCSPResp basic = (BasicOCSPResp) read.getResponseObject();
        boolean signed = basic.isSignatureValid(
            new JcaContentVerifierProviderBuilder().build(basic.getCerts()[0]));
        byte[] echoed =
            basic.getExtension(OCSPObjectIdentifiers.id_pkix_ocsp_nonce).getExtnValue().getOctets();
        if (!signed || !java.util.Arrays.equals(echoed, new DEROctetString(nonce).getEncoded())) {
            return "unbelievable";
        }
        SingleResp single = basic.getResponses()[0];
        if (single.getCertStatus() == null) {
            return "good";
        }
        return single.getCertStatus() instanceof RevokedStatus ? "revoked" : "unknown";
    }

    private static byte[] post(String address, byte[] request) throws Exception {
        HttpURLConnection connection =
            (HttpURLConnection) URI.create(address).toURL().openConnection();
        connection.setDoOutput(true);
        connection.setRequestProperty("Content-Type", "application/ocsp-request");
        try (OutputStream out = connection.getOutputStream()) {
            out.write(request);
        }
        try (InputStream in = connection.getInputStream()) {
            return in.readAllBytes();
        }
    }

    private static PrivateKey key(String file) throws Exception {
        Object read = new PEMParser(new StringReader(Files.readString(Path.of(file)))).readObject();
        JcaPEMKeyConverter converter = new JcaPEMKeyConverter();
        return read instanceof PEMKeyPair pair
            ? converter.getPrivateKey(pair.getPrivateKeyInfo())
            : converter.getPrivateKey((PrivateKeyInfo) read);
    }

    private static X509CertificateHolder holder(String file) throws Exception {
        return new JcaX509CertificateHolder(certificates(Path.of(file)).get(0));
    }

    @SuppressWarnings("unchecked")
    private static List<X509Certificate> certificates(Path file) throws Exception {
        try (InputStream in = Files.newInputStream(file)) {
            CertificateFactory factory = CertificateFactory.getInstance("X.509");
            return new ArrayList<>((Collection<X509Certificate>) factory.generateCertificates(in));
        }
    }
}
