import FoundationEssentials
import MediaModel

/// The envelope keys of a rebuild, all opened before the first blob is: those of the mirror, those that an older
/// catalog still needed, and former keys, which are lines of the key ring itself.
struct RebuildKeys: EnvelopeKeySource {
    /// What the headers say of a key.
    struct Trace: Sendable {
        let tenant: Tenant
        /// When the first of its blobs was made.
        var createdAt: Date
    }

    /// The rows of the new catalog: all of the mirror, whether they open now or not, and the others that do.
    private(set) var records: [EnvelopeKeyRecord] = []
    private var keys: [EnvelopeKeyID: EnvelopeKey] = [:]
    /// Why a key does not open.
    private(set) var failures: [EnvelopeKeyID: KeyError] = [:]

    /// - Parameters:
    ///   - traces: the keys that headers name.
    ///   - older: a catalog of an earlier day.
    /// - Throws: ``KeyError`` where the provider is away or will not be asked: a catalog without half of the assets
    ///   helps nobody; ``CatalogError`` of `older`.
    init(
        mirror: any EnvelopeKeyMirror,
        older: (any Catalog)?,
        traces: [EnvelopeKeyID: Trace],
        provider: any KeyProvider
    ) async throws {
        for record in try await mirror.read() {
            self.records.append(record)
            try await self.open(record, provider)
        }
        for record in try await Self.needed(by: older) where !self.isKnown(record.id) {
            if try await self.open(record, provider) { self.records.append(record) }
        }
        for (id, trace) in traces.sorted(by: { $0.key.description < $1.key.description }) where !self.isKnown(id) {
            let former = EnvelopeKeyRecord(id: id, tenant: trace.tenant, createdAt: trace.createdAt, wrapped: nil)
            if try await self.open(former, provider) { self.records.append(former) }
        }
    }

    /// Nothing is sealed here.
    func current(for tenant: Tenant) async throws -> EnvelopeKey {
        throw KeyError(.unsupported, detail: "a rebuild seals nothing")
    }

    func key(_ id: EnvelopeKeyID) async throws -> EnvelopeKey {
        if let key = self.keys[id] { return key }
        throw self.failures[id] ?? KeyError(.unavailable, detail: "no envelope key '\(id)' is known")
    }

    func opens(_ id: EnvelopeKeyID) -> Bool { self.keys[id] != nil }

    private func isKnown(_ id: EnvelopeKeyID) -> Bool { self.records.contains { $0.id == id } }

    @discardableResult
    private mutating func open(_ record: EnvelopeKeyRecord, _ provider: any KeyProvider) async throws -> Bool {
        do {
            self.keys[record.id] =
                if let wrapped = record.wrapped {
                    try await provider.unwrap(wrapped, as: record.id, for: record.tenant)
                } else {
                    try await provider.formerEnvelopeKey(record.id)
                }
            self.failures[record.id] = nil
            return true
        } catch let error as KeyError where error.code == .unavailable || error.code == .mismatch {
            self.failures[record.id] = error
            return false
        }
    }

    /// Those that none of its blobs needed are left where they are: they may have been retired since for a reason.
    private static func needed(by older: (any Catalog)?) async throws -> [EnvelopeKeyRecord] {
        guard let older else { return [] }
        let counts = try await older.blobCounts()
        return try await older.envelopeKeys().filter { counts[$0.id] != nil }
    }
}
