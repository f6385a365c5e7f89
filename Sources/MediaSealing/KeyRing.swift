package import MediaModel

/// The envelope keys of a machine, newest first: the first wraps the data keys of new blobs, all of them open old ones.
///
/// They come from a key ring file (docs/BLOB-FORMAT.md, "Key ring file"). A ring in memory does not change; a new key
/// takes a restart. Reading the file blocks the thread: it belongs into the start of a program.
package struct KeyRing: KeyProvider {
    /// Bytes of a key ring file at the most: room for a thousand keys.
    package static let fileBytesMax = 128 * 1024
    /// Characters of a key's id at the most.
    package static let idLengthMax = 64

    private let keys: [EnvelopeKey]

    /// - Parameter keys: at least one, newest first, no id twice.
    package init(keys: [EnvelopeKey]) {
        precondition(!keys.isEmpty && Set(keys.map(\.id)).count == keys.count)
        self.keys = keys
    }

    /// The ids of all keys, newest first.
    package var ids: [EnvelopeKeyID] { self.keys.map(\.id) }

    /// The newest key. Never throws.
    package func current() throws -> EnvelopeKey { self.keys[0] }

    /// The key of that id, however old. Throws ``KeyError/Code/unavailable`` where the ring has none.
    package func key(_ id: EnvelopeKeyID) throws -> EnvelopeKey {
        guard let key = self.keys.first(where: { $0.id == id }) else {
            throw KeyError(.unavailable, detail: "no key '\(id)' in the key ring")
        }
        return key
    }

    /// Whether `characters` spell an id: 1 ... 64 of `[a-z0-9._-]`.
    static func isID(_ characters: some Collection<UInt8>) -> Bool {
        (1...Self.idLengthMax).contains(characters.count)
            && characters.allSatisfy { character in
                switch character {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
                case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): true
                default: false
                }
            }
    }
}
