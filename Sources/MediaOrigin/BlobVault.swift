package import MediaModel
import Metrics

/// The blob store seen through the seal: plaintext on this side, sealed bytes on the other.
///
/// No plaintext reaches the store, and none leaves here before the tag of its chunk was verified.
package struct BlobVault: Sendable {
    /// Sealed bytes are handed to the store in pieces of at least this size: one hop to its threads moves many chunks.
    static let appendBytesMin = 256 * 1024
    /// What an event loop may stop for: some 50 microseconds. Nearly all renditions are smaller.
    package static let atOnceBytesMax = 256 * 1024

    let store: any BlobStore
    let sealing: any BlobSealing
    let keys: any EnvelopeKeySource
    let inFlight = BlobsInFlight()

    package init(store: any BlobStore, sealing: any BlobSealing, keys: any EnvelopeKeySource) {
        self.store = store
        self.sealing = sealing
        self.keys = keys
    }

    /// Starts writing one blob, chunk by chunk, under its tenant's current envelope key. Whoever publishes it says what
    /// becomes of it, by `settle` or `remove`.
    ///
    /// - Parameters:
    ///   - source: the blob of the picture that a rendition is made of.
    ///   - bytesExpected: of plaintext, when known.
    package func spool(
        as identity: BlobIdentity,
        madeFrom source: BlobID? = nil,
        bytesExpected: Int?
    ) async throws -> Spool {
        let key = try await self.keys.current(for: identity.tenant)
        let sealer = try self.sealing.makeSealer(for: identity, id: .make(), madeFrom: source, under: key)
        let sealedBytes = bytesExpected.map(SealedLayout.sealedBytes)
        let draft = try await self.store.makeDraft(bytesExpected: sealedBytes)
        return Spool(sealer: sealer, draft: draft, inFlight: self.inFlight)
    }

    /// Seals and publishes a whole blob; it is durable on return. The caller says what becomes of it, by `settle` or
    /// `remove`.
    ///
    /// - Parameter source: the blob of the picture that a rendition is made of.
    package func put(
        _ bytes: [UInt8],
        as identity: BlobIdentity,
        madeFrom source: BlobID? = nil
    ) async throws -> BlobRecord {
        var spool = try await self.spool(as: identity, madeFrom: source, bytesExpected: bytes.count)
        do {
            let record = try await Stage.seal.measure {
                try await spool.append(bytes)
                return try await spool.finish()
            }
            let start = ContinuousClock.now
            try await Stage.publish.measure { try await spool.publish(record) }
            OriginMeters.shared.took(.seal, spool.sealTime)
            OriginMeters.shared.took(.store, spool.storeTime + (ContinuousClock.now - start))
            return record
        } catch {
            await spool.discard()
            throw error
        }
    }

    /// Opens a blob: its size, its key, its header and its commitment are checked before this returns.
    package func open(_ record: BlobRecord) async throws -> SealedBlobReader {
        try await OriginMeters.shared.countingDamage { try await self.openUncounted(record) }
    }

    /// The plaintext of a small blob where that takes no waiting: its sealed bytes and its key are in memory. For event
    /// loops.
    ///
    /// - Returns: nil for any other, and for one that is damaged: ``open(_:)`` says what it is.
    package func readAtOnce(_ blob: BlobShortcut) -> [UInt8]? {
        let record = blob.record
        guard record.bytes <= Self.atOnceBytesMax,
            record.sealedBytes == SealedLayout.sealedBytes(for: record.bytes),
            let key = self.keys.keyAtOnce(record.envelopeKey),
            let sealed = self.store.readAtOnce(record.id, bytes: record.sealedBytes)
        else { return nil }
        let bytes = try? blob.withOpener(
            for: sealed.prefix(SealedLayout.prefixBytes),
            make: { try self.sealing.makeOpener(prefix: $0, record: record, key: key) },
            { try $0.open(sealed[SealedLayout.prefixBytes...], range: 0..<record.bytes) }
        )
        if bytes != nil { OriginMeters.shared.keyHits.increment() }
        return bytes
    }

    private func openUncounted(_ record: BlobRecord) async throws -> SealedBlobReader {
        let handle = try await self.store.open(record.id)
        guard handle.sealedBytes == record.sealedBytes,
            record.sealedBytes == SealedLayout.sealedBytes(for: record.bytes)
        else {
            throw SealError(
                .truncated,
                detail: "blob \(record.id) has \(handle.sealedBytes) bytes, its row says \(record.sealedBytes)"
            )
        }
        // Most thumbnails are header and first chunk: one read fetches both.
        let fullChunk = SealedLayout.chunkBytes + SealedLayout.tagBytes
        let head = try await handle.read(0..<min(record.sealedBytes, SealedLayout.prefixBytes + fullChunk))
        let opener = try self.sealing.makeOpener(
            prefix: Array(head.prefix(SealedLayout.prefixBytes)),
            record: record,
            key: try await self.keys.key(record.envelopeKey)
        )
        return SealedBlobReader(handle: handle, opener: opener, head: head, bytes: record.bytes)
    }

    /// Removes what no row names any more. A blob that will not go is left to the collection by age.
    package func remove(_ blobs: [BlobID]) async {
        for blob in blobs { try? await self.store.remove(blob) }
        self.settle(blobs)
    }

    /// Says that blobs which were published are on their way no more: a row names them now, or never will.
    package func settle(_ blobs: [BlobID]) { self.inFlight.leave(blobs) }
}

/// One blob being sealed into the store. Ends with `publish` or `discard`.
package struct Spool: Sendable {
    private var sealer: any BlobSealer
    private let draft: any BlobDraft
    private let inFlight: BlobsInFlight
    private var pending: [UInt8] = []
    private var isStarted = false
    /// What sealing has taken until now.
    private(set) var sealTime = Duration.zero
    /// What the store has taken until now to append to the draft.
    private(set) var storeTime = Duration.zero

    init(sealer: any BlobSealer, draft: any BlobDraft, inFlight: BlobsInFlight) {
        self.sealer = sealer
        self.draft = draft
        self.inFlight = inFlight
    }

    package mutating func append(_ plaintext: [UInt8]) async throws {
        let start = ContinuousClock.now
        if !self.isStarted {
            self.pending = try self.sealer.start()
            self.isStarted = true
        }
        self.pending += try self.sealer.seal(plaintext)
        self.sealTime += ContinuousClock.now - start
        if self.pending.count >= BlobVault.appendBytesMin { try await self.flush() }
    }

    /// Seals the last chunk; afterwards the draft is whole, but neither durable nor visible.
    package mutating func finish() async throws -> BlobRecord {
        let start = ContinuousClock.now
        let (tail, record) = try self.sealer.finish()
        self.pending += tail
        self.sealTime += ContinuousClock.now - start
        try await self.flush()
        return record
    }

    /// Makes the blob durable and visible. Until it is settled or removed it is no orphan, though no row names it.
    package func publish(_ record: BlobRecord) async throws {
        self.inFlight.enter(record.id)
        do {
            try await self.draft.publish(as: record.id)
        } catch {
            self.inFlight.leave([record.id])
            throw error
        }
    }

    package func discard() async { await self.draft.discard() }

    private mutating func flush() async throws {
        let bytes = self.pending
        self.pending = []
        let start = ContinuousClock.now
        try await self.draft.append(bytes)
        self.storeTime += ContinuousClock.now - start
    }
}

/// A blob that was opened: any part of it can be read, each chunk verified before it is released.
package struct SealedBlobReader: Sendable {
    /// How much plaintext is opened at a time: 16 chunks of the format.
    static let readBytesMax = 16 * SealedLayout.chunkBytes

    private let handle: any BlobHandle
    private let opener: any BlobOpener
    /// The blob's first bytes, already read.
    private let head: [UInt8]
    /// Of plaintext.
    package let bytes: Int
    /// Told of a chunk that is damaged, and waited for.
    private var onDamage: (@Sendable (Damage) async -> Void)?

    init(handle: any BlobHandle, opener: any BlobOpener, head: [UInt8], bytes: Int) {
        self.handle = handle
        self.opener = opener
        self.head = head
        self.bytes = bytes
    }

    /// The plaintext `range`, which lies in `0 ..< bytes` (or is empty). Reads the chunks it touches and no other.
    package func read(_ range: Range<Int>) async throws -> [UInt8] {
        let sealedRange = self.opener.sealedRange(for: range)
        do {
            let sealed =
                sealedRange.upperBound <= self.head.count
                ? self.head[sealedRange] : try await self.handle.read(sealedRange)[...]
            return try await OriginMeters.shared.countingDamage { try self.opener.open(sealed, range: range) }
        } catch {
            if let damage = Damage(error) { await self.onDamage?(damage) }
            throw error
        }
    }

    /// The same, which calls `onDamage` when it comes upon a damaged chunk.
    func noting(_ onDamage: @escaping @Sendable (Damage) async -> Void) -> SealedBlobReader {
        var reader = self
        reader.onDamage = onDamage
        return reader
    }

    /// `range` from front to back in pieces of at most ``readBytesMax``, which end where chunks end, so that no chunk
    /// is opened twice.
    package func pieces(of range: Range<Int>) -> [Range<Int>] {
        var pieces: [Range<Int>] = []
        var position = range.lowerBound
        while position < range.upperBound {
            let boundary = (position / Self.readBytesMax + 1) * Self.readBytesMax
            pieces.append(position..<min(boundary, range.upperBound))
            position = boundary
        }
        return pieces
    }
}

/// A sealed blob as the picture of a render job.
struct SealedPicture: PictureSource {
    let vault: BlobVault
    let record: BlobRecord

    var bytes: Int { self.record.bytes }

    func opening() async throws -> [UInt8] {
        let reader = try await self.vault.open(self.record)
        return try await reader.read(0..<min(self.record.bytes, PictureOutline.openingBytesMax))
    }

    func forEachChunk(_ body: ([UInt8]) async throws -> Void) async throws {
        let reader = try await self.vault.open(self.record)
        for piece in reader.pieces(of: 0..<self.record.bytes) { try await body(try await reader.read(piece)) }
    }
}
