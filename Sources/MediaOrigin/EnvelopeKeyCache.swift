import MediaModel

/// Envelope keys in memory, by age and use. A value; the time comes from outside.
///
/// A key that is let go of is wiped once nobody uses it any more (``EnvelopeKey``).
struct EnvelopeKeyCache {
    private struct Entry {
        var key: EnvelopeKey
        /// When the provider opened it last.
        var openedAt: Duration
        /// The number of its last use: the smallest was not used for the longest time.
        var lastUse: Int
        /// Whether it was used since the provider opened it last.
        var isUsed = false
        /// Set once it is retired: when it goes.
        var goesAt: Duration?
    }

    let hardAge: Duration
    let countMax: Int
    private var entries: [EnvelopeKeyID: Entry] = [:]
    private var uses = 0

    init(hardAge: Duration, countMax: Int) {
        self.hardAge = hardAge
        self.countMax = countMax
    }

    var count: Int { self.entries.count }

    /// The key, unless it is too old or was retired long enough ago; then it is dropped. A use.
    mutating func key(_ id: EnvelopeKeyID, at now: Duration) -> EnvelopeKey? {
        guard let entry = self.entries[id] else { return nil }
        if self.isOver(entry, at: now) {
            self.entries[id] = nil
            return nil
        }
        self.uses += 1
        self.entries[id]?.lastUse = self.uses
        self.entries[id]?.isUsed = true
        return entry.key
    }

    /// Whether ``key(_:at:)`` would find it. No use.
    func has(_ id: EnvelopeKeyID, at now: Duration) -> Bool {
        self.entries[id].map { !self.isOver($0, at: now) } ?? false
    }

    /// Takes a key that the provider has just opened, in the place of what it gave before. Where there are too many,
    /// the one that was not used for the longest time goes.
    mutating func insert(_ key: EnvelopeKey, at now: Duration) {
        self.uses += 1
        self.entries[key.id] = Entry(key: key, openedAt: now, lastUse: self.uses)
        if self.entries.count <= self.countMax { return }
        let oldest = self.entries.min { $0.value.lastUse < $1.value.lastUse }
        if let oldest { self.entries[oldest.key] = nil }
    }

    /// Keys that were used since they were opened, longer ago than `age`: the longest unopened first. One that nobody
    /// uses is left to its hard age.
    func stale(_ age: Duration, at now: Duration) -> [EnvelopeKeyID] {
        self.entries.filter { $0.value.isUsed && $0.value.goesAt == nil && now - $0.value.openedAt >= age }
            .sorted { $0.value.openedAt < $1.value.openedAt }
            .map(\.key)
    }

    /// The key goes at `moment`; until then it opens what reads that have begun still need.
    mutating func forget(_ id: EnvelopeKeyID, at moment: Duration) { self.entries[id]?.goesAt = moment }

    mutating func dropOver(at now: Duration) {
        for (id, entry) in self.entries where self.isOver(entry, at: now) { self.entries[id] = nil }
    }

    private func isOver(_ entry: Entry, at now: Duration) -> Bool {
        now - entry.openedAt >= self.hardAge || entry.goesAt.map { now >= $0 } ?? false
    }
}
