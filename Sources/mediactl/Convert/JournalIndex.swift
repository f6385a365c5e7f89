import Glibc

/// Where the journals of an output folder say something of an output. Of a line only a hash and its place are kept;
/// what it says is read when it is asked for.
struct JournalIndex: Sendable {
    /// One journal's file.
    private struct File {
        let path: String
        /// Where outputs are on the disk, in order.
        var synced: [Range<Int>] = []
        /// Where the last runs begin that one boot of one machine made; a checkpoint says nothing of what came before:
        /// that was lost, or not, when the machine was switched off.
        var spanStart = 0
        /// Empty where it is not known.
        var spanBoot = ""
        /// Lines of outputs, also those that later ones replace.
        var lines = 0

        mutating func begin(at offset: Int, boot: String) {
            if !boot.isEmpty, boot == self.spanBoot { return }
            (self.spanStart, self.spanBoot) = (offset, boot)
        }

        mutating func sync(before end: Int) {
            guard end > self.spanStart else { return }
            if self.synced.last?.lowerBound == self.spanStart { self.synced.removeLast() }
            self.synced.append(self.spanStart..<end)
        }
    }

    /// A line, and whether its output is known to have survived.
    struct Entry: Sendable {
        let line: JournalLine
        /// Else the machine was switched off, or was another one, before the disk was synced: a file of the right size
        /// may be none.
        let isDurable: Bool
    }

    /// How much of a file is read at once.
    private static let chunkBytes = 1 << 20
    private static let fileShift: UInt64 = 48

    private let boot: String
    private var files: [File] = []
    /// The latest line of an output by its path's hash: the file's number, then the offset.
    private var places: [UInt64: UInt64] = [:]

    /// Blocks.
    ///
    /// - Parameters:
    ///   - paths: those that are not there are left out.
    ///   - boot: this machine's, as ``MachineBoot`` says.
    init(_ paths: [String], boot: String) {
        self.boot = boot
        for path in paths { self.read(path) }
    }

    /// How many outputs there are lines of, and how many lines there are.
    var counts: (outputs: Int, lines: Int) { (self.places.count, self.files.reduce(0) { $0 + $1.lines }) }

    /// What is said of an output; nil where nothing is, or nothing sound. Blocks.
    func entry(of path: String) -> Entry? {
        guard let place = self.places[JournalText.hash(of: path)] else { return nil }
        // Of two paths with one hash the later one is known; the other one is made again.
        return self.entry(at: place).flatMap { $0.line.path == path ? $0 : nil }
    }

    /// Calls `body` with the latest line of each output, in the order of the files. Blocks.
    ///
    /// - Returns: false where one of them is not sound or not durable; then not all were there.
    func forEachLatest(_ body: (JournalLine) throws -> Void) rethrows -> Bool {
        for place in self.places.values.sorted() {
            guard let entry = self.entry(at: place), entry.isDurable else { return false }
            try body(entry.line)
        }
        return true
    }

    private func entry(at place: UInt64) -> Entry? {
        let file = self.files[Int(place >> Self.fileShift)]
        let offset = Int(place & (1 << Self.fileShift - 1))
        guard let bytes = Self.line(in: file.path, at: offset), let line = JournalText.output(bytes[...]) else {
            return nil
        }
        let isOfThisBoot = !self.boot.isEmpty && file.spanBoot == self.boot && offset >= file.spanStart
        let isDurable = isOfThisBoot || file.synced.contains { $0.contains(offset) }
        return Entry(line: line, isDurable: isDurable)
    }

    private mutating func read(_ path: String) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        self.files.append(File(path: path))
        var rest: [UInt8] = []
        var offset = 0
        var chunk = [UInt8](repeating: 0, count: Self.chunkBytes)
        while true {
            let taken = Glibc.read(descriptor, &chunk, chunk.count)
            if taken < 0, errno == EINTR { continue }
            // The last line, where a kill tore it, has no end and does not count.
            guard taken > 0 else { return }
            rest += chunk[..<taken]
            var start = 0
            while let end = rest[start...].firstIndex(of: UInt8(ascii: "\n")) {
                self.take(rest[start..<end], at: offset + start)
                start = end + 1
            }
            offset += start
            rest.removeFirst(start)
        }
    }

    private mutating func take(_ line: ArraySlice<UInt8>, at offset: Int) {
        let number = self.files.count - 1
        if let hash = JournalText.pathHash(line) {
            self.files[number].lines += 1
            self.places[hash] = UInt64(number) << Self.fileShift | UInt64(offset)
            return
        }
        guard let body = JournalText.body(of: line) else {
            // It may have been the beginning of a run.
            self.files[number].begin(at: offset, boot: "")
            return
        }
        let text = String(decoding: body.dropFirst(2), as: UTF8.self)
        if body.first == UInt8(ascii: "s") {
            self.files[number].begin(at: offset, boot: text)
        } else if body.first == UInt8(ascii: "c"), let end = Int(text) {
            self.files[number].sync(before: end)
        }
    }

    private static func line(in path: String, at offset: Int) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: JournalText.lineBytesMax)
        let taken = pread(descriptor, &bytes, bytes.count, off_t(offset))
        guard taken > 0, let end = bytes[..<taken].firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        return Array(bytes[..<end])
    }
}
