import ArgumentParser

/// One of several machines' part of the files: `2/8` is the third of eight, as a Kubernetes Indexed Job counts.
struct Shard: ExpressibleByArgument, Hashable, Sendable {
    static let countMax = 100_000

    /// From 0.
    let index: Int
    let count: Int

    init?(argument: String) {
        let parts = argument.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let index = parts[0], let count = parts[1], (1...Self.countMax).contains(count),
            (0..<count).contains(index)
        else { return nil }
        self.index = index
        self.count = count
    }

    var defaultValueDescription: String { "\(self.index)/\(self.count)" }

    /// Whether the file with that relative path is this one's: by its path alone, so that a file that comes or goes
    /// moves no other.
    func has(_ relative: String) -> Bool { StableHash.of(relative) % UInt64(self.count) == UInt64(self.index) }
}
