//! What the machine must have: named when missing, and installed as root on Debian.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::{process, workspace};

/// A Debian package that some chore needs.
pub(crate) struct Need {
    package: &'static str,
    /// The command that succeeds only where the package's work is already done.
    proof: &'static [&'static str],
    why: &'static str,
}

/// What it takes to build with card readers.
pub(crate) const FOR_READERS: &[Need] = &[
    Need {
        package: "libpcsclite-dev",
        proof: &["pkg-config", "--exists", "libpcsclite"],
        why: "is the PC/SC library that the feature `pcsc` links",
    },
    Need { package: "pkg-config", proof: &["pkg-config", "--version"], why: "finds that library" },
];

/// What the tests need: clients that nobody here wrote.
pub(crate) const FOR_TESTS: &[Need] = &[
    Need {
        package: "openssl",
        proof: &["openssl", "version"],
        why: "reads certificates, CRLs and OCSP responses, and makes requests",
    },
    Need {
        package: "ldap-utils",
        proof: &["ldapsearch", "-VV"],
        why: "fetches CRLs from the LDAP repository",
    },
    Need {
        package: "curl",
        proof: &["curl", "--version"],
        why: "fetches the web repository and calls the REST API",
    },
    Need {
        package: "gnutls-bin",
        proof: &["certtool", "--version"],
        why: "reads certificates and CRLs a second time, by other code",
    },
    Need {
        package: "softhsm2",
        proof: &["softhsm2-util", "--version"],
        why: "is the PKCS#11 token of the tests",
    },
    Need {
        package: "opensc",
        proof: &["which", "pkcs11-tool"],
        why: "looks at tokens and cards from outside, and tries to take keys out of them",
    },
    Need {
        package: "opensc-pkcs11",
        proof: &["sh", "-c", "ls /usr/lib/*/opensc-pkcs11.so"],
        why: "gives the card's keys to ssh-keygen, curl and openssl",
    },
    Need {
        package: "libengine-pkcs11-openssl",
        proof: &["sh", "-c", "ls /usr/lib/*/engines-3/pkcs11.so"],
        why: "has openssl and curl use the card's keys",
    },
    Need {
        package: "openssh-client",
        proof: &["which", "ssh-keygen"],
        why: "reads the card's public keys",
    },
    Need {
        package: "pcscd",
        proof: &["sh", "-c", "PATH=$PATH:/usr/sbin; which pcscd"],
        why: "is the PC/SC service that every card client asks",
    },
    Need {
        package: "vsmartcard-vpcd",
        proof: &["test", "-e", "/usr/lib/pcsc/drivers/serial/libifdvpcd.so"],
        why: "is the virtual reader that emulated cards are put into",
    },
    Need {
        package: "fonts-ipaexfont",
        proof: &["test", "-e", "/usr/share/fonts/opentype/ipaexfont-gothic/ipaexg.ttf"],
        why: "is the Japanese font of the ceremonies' minutes",
    },
    Need {
        package: "poppler-utils",
        proof: &["pdftotext", "-v"],
        why: "reads the minutes that are PDF",
    },
    Need {
        package: "default-jdk-headless",
        proof: &["javac", "-version"],
        why: "builds certification paths across link certificates, as Java relying parties do",
    },
    Need {
        package: "libbcpkix-java",
        proof: &["test", "-e", "/usr/share/java/bcpkix.jar"],
        why: "is BouncyCastle, a relying party with a path validator and OCSP client of its own",
    },
    Need {
        package: "libnss3-tools",
        proof: &["which", "vfychain", "certutil", "ocspclnt"],
        why: "is NSS, the relying party of browsers: chains and OCSP",
    },
    Need {
        package: "python3",
        proof: &["python3", "--version"],
        why: "runs pkilint, ldap3 and the euc_jp oracle",
    },
    Need {
        package: "python3-venv",
        proof: &["python3", "-c", "import ensurepip, venv"],
        why: "makes the virtual environment for pkilint and ldap3",
    },
];

/// What the benchmarks need.
pub(crate) const FOR_BENCHMARKS: &[Need] = &[
    Need {
        package: "nginx-light",
        proof: &["nginx", "-v"],
        why: "serves the same octets as the OCSP responder",
    },
    Need {
        package: "softhsm2",
        proof: &["softhsm2-util", "--version"],
        why: "is the PKCS#11 token whose own rate the store is held against",
    },
    Need {
        package: "openssl",
        proof: &["openssl", "version"],
        why: "makes RSA keys beside the pool",
    },
    Need { package: "wrk", proof: &["which", "wrk"], why: "puts load on both" },
];

/// What fuzzing needs.
pub(crate) const FOR_FUZZING: &[Need] =
    &[Need { package: "g++", proof: &["c++", "--version"], why: "builds libFuzzer" }];

/// Python packages of the tests, each with its version.
const PYTHON_REQUIREMENTS: &str = "xtask/python-requirements.txt";

/// Makes sure that the machine has what is needed; names what is missing and cannot be installed.
pub(crate) fn provide(needs: &[Need]) -> Result<()> {
    let missing: Vec<&Need> = needs.iter().filter(|need| !need.is_met()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    for need in &missing {
        eprintln!("missing: {} ({})", need.package, need.why);
    }
    let packages: Vec<&str> = missing.iter().map(|need| need.package).collect();
    if !is_root_on_debian() {
        bail!("install these first, on Debian: apt-get install {}", packages.join(" "));
    }
    install(&packages)?;
    match missing.iter().find(|need| !need.is_met()) {
        Some(need) => bail!("{} is installed, yet {:?} fails", need.package, need.proof),
        None => Ok(()),
    }
}

/// The Python of a virtual environment that has the tests' packages; made or renewed if need be.
pub(crate) fn python() -> Result<PathBuf> {
    let home = workspace::target_dir().join("python");
    let python = home.join("bin/python");
    let stamp = home.join("installed-requirements.txt");
    let wanted = workspace::read(PYTHON_REQUIREMENTS)?;
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    process::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&home))?;
    install_requirements(&python)?;
    std::fs::write(&stamp, wanted)?;
    Ok(python)
}

impl Need {
    fn is_met(&self) -> bool {
        let [program, arguments @ ..] = self.proof else { return false };
        process::succeeds(Command::new(program).args(arguments))
    }
}

fn install(packages: &[&str]) -> Result<()> {
    process::run(Command::new("apt-get").args(["update", "-q"]))?;
    let mut command = Command::new("apt-get");
    command
        .args(["install", "-qq", "-y", "--no-install-recommends", "-o", "Dpkg::Use-Pty=0"])
        .args(packages);
    process::run(command.env("DEBIAN_FRONTEND", "noninteractive"))
}

fn install_requirements(python: &Path) -> Result<()> {
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]);
    process::run(pip.arg(workspace::root().join(PYTHON_REQUIREMENTS)))
}

fn is_root_on_debian() -> bool {
    let user = process::output(Command::new("id").arg("-u"));
    Path::new("/etc/debian_version").exists() && user.is_ok_and(|id| id.trim() == "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_need_is_met_only_where_its_proof_succeeds() {
        let need = |proof| Need { package: "x", proof, why: "y" };
        assert!(need(&["true"]).is_met());
        assert!(!need(&["false"]).is_met());
        assert!(!need(&["no-such-program-here"]).is_met());
        assert!(!need(&[]).is_met(), "a need without proof is never met");
    }
}
