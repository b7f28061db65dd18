//! What the journal tells of: the kinds of event and how they ended (A 5.4.1, S 4-11-2).

use crate::named::named;
use crate::rule::Rule;

named! {
    /// The kind of a journal entry (事象又は処理の種類).
    EventKind {
    /// The program started; the log exists from this moment on.
    SystemStarted = "system-started",
    /// The program stopped in good order.
    SystemStopped = "system-stopped",
    /// A CA was set up from a policy.
    CaCreated = "ca-created",
    /// A policy came into effect.
    PolicyAdopted = "policy-adopted",
    /// A key pair was generated.
    KeyGenerated = "key-generated",
    /// A key pair was destroyed.
    KeyDestroyed = "key-destroyed",
    /// A key was wrapped for its backup.
    KeyBackedUp = "key-backed-up",
    /// A key was restored from its backup.
    KeyRestored = "key-restored",
    /// A copy of a key is about to be made, or a key to end with its copies: what a cut leaves half done is
    /// looked for where this says.
    KeyActBegun = "key-act-begun",
    /// A custodian came forward for an act on keys.
    CustodianPresent = "custodian-present",
    /// Enough custodians were present: the keys can be used.
    KeysActivated = "keys-activated",
    /// The keys cannot be used any more until custodians come again.
    KeysDeactivated = "keys-deactivated",
    /// The custodians' shares were made.
    CustodyEstablished = "custody-established",
    /// Somebody confirmed, in a session of their own, that they are present at a ceremony.
    CeremonyAttended = "ceremony-attended",
    /// A ceremony began, or went on after an interruption.
    CeremonyStarted = "ceremony-started",
    /// A step of a ceremony was carried out.
    CeremonyStep = "ceremony-step",
    /// A ceremony ended, and its minutes were signed.
    CeremonyCompleted = "ceremony-completed",
    /// A second person approved one operation, by its digest, in a session of their own.
    OperationApproved = "operation-approved",
    /// A CA's key was renewed.
    KeyRenewed = "key-renewed",
    /// A CA's key counts as compromised; a step of what follows was carried out.
    KeyCompromised = "key-compromised",
    /// Which places outside the database take checkpoints from here on: what they were given is owed
    /// by them at every start.
    CheckpointPlaces = "checkpoint-places",
    /// People accepted what a start refuses: an older database, lost checkpoints, a wrong clock.
    StartAccepted = "start-accepted",
    /// Whether the clock may be trusted changed.
    ClockChecked = "clock-checked",
    /// Step 4 of issuance: serial and TBS are on disk.
    CertificateIntended = "certificate-intended",
    /// Step 6 of issuance: the certificate exists.
    CertificateIssued = "certificate-issued",
    /// The card proved that it holds the certified key, and nothing of the key is left elsewhere.
    PossessionProven = "possession-proven",
    /// The holder received the certificate.
    CertificateDelivered = "certificate-delivered",
    /// The certificate was held.
    CertificateHeld = "certificate-held",
    /// The hold was released.
    CertificateReleased = "certificate-released",
    /// The certificate was revoked.
    CertificateRevoked = "certificate-revoked",
    /// The certificate was destroyed before delivery.
    CertificateDiscarded = "certificate-discarded",
    /// Start-up found an intent without its issue and settled it.
    IntentRecovered = "intent-recovered",
    /// An application was taken in.
    ApplicationReceived = "application-received",
    /// Existence and identity were checked.
    ApplicationVerified = "application-verified",
    /// A second person approved.
    ApplicationApproved = "application-approved",
    /// The certificate applied for was issued onto the card.
    ApplicationIssued = "application-issued",
    /// The application was carried out.
    ApplicationCompleted = "application-completed",
    /// The application was refused.
    ApplicationRefused = "application-refused",
    /// The application was withdrawn.
    ApplicationWithdrawn = "application-withdrawn",
    /// A card was made or changed.
    CardChanged = "card-changed",
    /// A session with a card was granted, under keys that are never granted again.
    CardSessionGranted = "card-session-granted",
    /// A revocation list was built.
    CrlBuilt = "crl-built",
    /// A revocation list passed the gate and was published.
    CrlPublished = "crl-published",
    /// The gate withheld a revocation list.
    CrlWithheld = "crl-withheld",
    /// An event of the resident register was applied.
    RegisterEvent = "register-event",
    /// A verifier was registered or changed.
    VerifierRegistered = "verifier-registered",
    /// A person or program was given credentials.
    OperatorRegistered = "operator-registered",
    /// A member of the staff was proposed, confirmed, changed or removed.
    StaffChanged = "staff-changed",
    /// Somebody was let in, or gave credentials that do not fit.
    LoggedIn = "logged-in",
    /// A person's credentials were set or changed.
    CredentialChanged = "credential-changed",
    /// A request for a certificate that is no resident's went a step on.
    ServiceRequestChanged = "service-request-changed",
    /// Records or ledgers were read.
    RecordsRead = "records-read",
    /// The key of a person's data in the journal was destroyed, and their records disposed of.
    PersonalDataErased = "personal-data-erased",
    /// Somebody without the right tried to use the system.
    AccessRefused = "access-refused",
    /// A segment of query records was sealed; the entry holds its hash.
    QuerySegmentSealed = "query-segment-sealed",
    /// Room entry records were brought in (A 5.4.1).
    RoomEntry = "room-entry",
    }
}

/// How it ended (処理の結果). Refusals and no-ops are entries too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done,
    /// It had been done before; nothing changed.
    NoOp,
    /// It was refused; nothing changed.
    Refused {
        /// The rule that refused it; nothing that was typed.
        rule: Rule,
    },
}
