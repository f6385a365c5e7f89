import ArgumentParser
import FoundationEssentials
import MediaBench
import MediaModel
import MediaRuntime
import NIOCore

/// What is uploaded to measure with.
struct BenchPictures: Sendable, CustomStringConvertible {
    /// Empty: pictures of its own.
    private let given: [ByteBuffer]

    /// What is asked for again and again: both presets have to make it smaller.
    private static let own = (width: 1600, height: 1200)
    /// What the endpoint `upload` sends.
    private static let ownSmall = (width: 320, height: 240)

    /// - Throws: `ValidationError` for a file that cannot be read.
    init(files: [String]) throws {
        self.given = try files.map { name in
            guard let data = try? Data(contentsOf: URL(filePath: name)), !data.isEmpty else {
                throw ValidationError("--picture: '\(Printable.text(name))' cannot be read, or is empty")
            }
            return ByteBuffer(bytes: data)
        }
    }

    /// As the plan has it.
    var description: String {
        guard !self.given.isEmpty else { return "its own picture" }
        return "\(self.given.count) of \(self.given.map(\.readableBytes).reduce(0, +)) bytes"
    }

    /// The one whose renditions are asked for.
    var first: ByteBuffer {
        self.given.first
            ?? ByteBuffer(bytes: BenchPicture(width: Self.own.width, height: Self.own.height, seed: 0).bytes)
    }

    /// The one of the upload of this number. Its own ones are all different: the service keeps equal ones once.
    func upload(_ number: Int) -> ByteBuffer {
        if !self.given.isEmpty { return self.given[number % self.given.count] }
        let size = Self.ownSmall
        return ByteBuffer(bytes: BenchPicture(width: size.width, height: size.height, seed: number + 1).bytes)
    }

    /// What goes with every upload.
    static func mediaType(_ picture: ByteBuffer) -> String {
        let prefix = Array(picture.readableBytesView.prefix(Sniff.prefixBytesMax))
        return Sniff.format(of: prefix)?.mediaType ?? "application/octet-stream"
    }
}
