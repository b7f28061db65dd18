// Builds certification paths across link certificates as a Java relying party does (PKIX).
//
// Arguments: directory, seconds since 1970, then "root anchor links target lists" each: a PEM of the
// root, whether it is trusted as a "certificate" or as name and "key", a PEM of the links at hand, a
// PEM of the target, and whether the lists in lists.pem are looked at. Prints one line for each:
// "ok N" with the length of the path, or "refused" with the reason.

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertPathBuilder;
import java.security.cert.CertStore;
import java.security.cert.CertificateFactory;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.PKIXCertPathBuilderResult;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Date;
import java.util.List;
import java.util.Set;

public class RenewalPaths {
    public static void main(String[] arguments) throws Exception {
        Path directory = Path.of(arguments[0]);
        Date at = new Date(Long.parseLong(arguments[1]) * 1000);
        for (int index = 2; index < arguments.length; index++) {
            String[] way = arguments[index].split(" ");
            try {
                System.out.println("ok " + build(directory, at, way));
            } catch (java.security.GeneralSecurityException refused) {
                System.out.println("refused: " + refused + " " + refused.getCause());
            }
        }
    }

    private static int build(Path directory, Date at, String[] way) throws Exception {
        CertificateFactory factory = CertificateFactory.getInstance("X.509");
        X509Certificate root = certificates(factory, directory.resolve(way[0])).get(0);
        TrustAnchor anchor = way[1].equals("key")
            ? new TrustAnchor(root.getSubjectX500Principal(), root.getPublicKey(), null)
            : new TrustAnchor(root, null);
        List<Object> known = new ArrayList<>(certificates(factory, directory.resolve(way[2])));
        X509Certificate target = certificates(factory, directory.resolve(way[3])).get(0);
        boolean lists = Boolean.parseBoolean(way[4]);
        known.add(target);
        if (lists) {
            try (InputStream in = Files.newInputStream(directory.resolve("lists.pem"))) {
                known.addAll(factory.generateCRLs(in));
            }
        }
        X509CertSelector wanted = new X509CertSelector();
        wanted.setCertificate(target);
        PKIXBuilderParameters parameters =
            new PKIXBuilderParameters(Set.of(anchor), wanted);
        parameters.addCertStore(
            CertStore.getInstance("Collection", new CollectionCertStoreParameters(known)));
        parameters.setDate(at);
        parameters.setRevocationEnabled(lists);
        // User certificates have a critical certificatePolicies with the address of the CPS, which
        // Java refuses unless told that somebody reads it.
        parameters.setPolicyQualifiersRejected(false);
        PKIXCertPathBuilderResult result =
            (PKIXCertPathBuilderResult) CertPathBuilder.getInstance("PKIX").build(parameters);
        return result.getCertPath().getCertificates().size();
    }

    @SuppressWarnings("unchecked")
    private static List<X509Certificate> certificates(CertificateFactory factory, Path file)
            throws Exception {
        try (InputStream in = Files.newInputStream(file)) {
            return new ArrayList<>((Collection<X509Certificate>) factory.generateCertificates(in));
        }
    }
}
