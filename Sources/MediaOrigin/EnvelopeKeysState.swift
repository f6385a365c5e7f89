import MediaModel

/// What ``EnvelopeKeys`` knows.
struct EnvelopeKeysState {
    /// As the catalog has them.
    var records: [EnvelopeKeyID: EnvelopeKeyRecord] = [:] {
        didSet { self.newest = Self.newest(of: self.records.values) }
    }
    /// Of each tenant, among those that wrap new blobs.
    private(set) var newest: [Tenant: EnvelopeKeyRecord] = [:]
    /// Keys of the mirror that the catalog has no rows of: left by a crash, or all that is left of a lost catalog.
    var strays: [EnvelopeKeyRecord] = []
    /// Root keys that this process has destroyed, or tried to: nothing new may be wrapped under them.
    var retiredRoots: Set<RootKeyID> = []
    /// Keys whose making failed after the mirror had them: nothing is under them, and the next write leaves them out.
    var unborn: Set<EnvelopeKeyID> = []
    /// A change failed, and may have been made all the same: the rows are to be read before the next one.
    var isInDoubt = false
    /// What the mirror holds; nil where a write failed.
    var mirrored: [EnvelopeKeyRecord]?
    var cache: EnvelopeKeyCache
    var outages = KeyOutages()
    /// Data keys that this process wrapped under a key.
    var blobs: [EnvelopeKeyID: Int] = [:]

    init(policy: EnvelopeKeyPolicy) {
        self.cache = EnvelopeKeyCache(hardAge: policy.hardAge, countMax: EnvelopeKeyPolicy.cachedMax)
    }

    /// What the mirror should hold, newest first.
    var mirrorable: [EnvelopeKeyRecord] { Self.sorted(Array(self.records.values) + self.strays) }

    /// Newest first, as the catalog orders them.
    static func sorted(_ records: [EnvelopeKeyRecord]) -> [EnvelopeKeyRecord] {
        records.sorted { Self.isNewer($0, than: $1) }
    }

    /// A former key (``EnvelopeKeyRecord/wrapped`` is nil) is none: it opens what there is, and wraps nothing new.
    private static func newest(of records: some Sequence<EnvelopeKeyRecord>) -> [Tenant: EnvelopeKeyRecord] {
        records.reduce(into: [:]) { newest, record in
            if record.wrapped == nil { return }
            if let other = newest[record.tenant], Self.isNewer(other, than: record) { return }
            newest[record.tenant] = record
        }
    }

    private static func isNewer(_ left: EnvelopeKeyRecord, than right: EnvelopeKeyRecord) -> Bool {
        (left.createdAt, left.id.description) > (right.createdAt, right.id.description)
    }
}
