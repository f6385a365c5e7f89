import MediaModel

/// Where things lie in the data folder.
///
/// ```
/// LOCK                    who holds the folder (DataFolderLock)
/// blobs/00 … blobs/ff     sealed blobs, each in the folder of its id's first byte, named by its whole id
/// envelope-keys.json      the envelope keys, wrapped (EnvelopeKeyFile)
/// incoming/               drafts, only where the file system has no unnamed files; emptied at start
/// quarantine/             blobs that were put aside, named by their ids; made when the first one is
/// ```
struct StoreLayout: Sendable {
    /// Only the service's own user has any business here.
    static let folderMode: UInt32 = 0o700
    static let fileMode: UInt32 = 0o600
    static let lockName = "LOCK"
    /// What the names in `blobs/` are made of: an id's first byte.
    static let shards: [String] = (UInt8.min ... .max).map { Hex.encode([$0]) }

    let data: String

    var blobs: String { "\(self.data)/blobs" }
    var incoming: String { "\(self.data)/incoming" }
    var quarantine: String { "\(self.data)/quarantine" }
    var envelopeKeys: String { "\(self.data)/envelope-keys.json" }
    var lock: String { "\(self.data)/\(Self.lockName)" }

    func shard(_ name: String) -> String { "\(self.blobs)/\(name)" }
    func shard(of id: BlobID) -> String { self.shard(Hex.encode(id.bytes.prefix(1))) }
    func path(of id: BlobID) -> String { "\(self.shard(of: id))/\(id)" }
    func quarantinedPath(of id: BlobID) -> String { "\(self.quarantine)/\(id)" }
    func draft(_ name: String) -> String { "\(self.incoming)/\(name).part" }
}
