import Foundation
import Glibc
import MediaModel
import MediaTesting
import Testing

/// Where keys are kept.
@Suite struct EnvelopeKeyTests {
    private static let bytes = [UInt8](1...32)

    /// `Data(contentsOf:)` believes the size that such a file claims to have.
    private static func text(_ path: String) throws -> String {
        let file = try #require(FileHandle(forReadingAtPath: path))
        return String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self)
    }

    /// What the kernel says of the mapping that an address is in (proc(5), smaps): its size and its flags.
    private static func mapping(of address: UInt) throws -> (kilobytes: Int, locked: Int, flags: [Substring]) {
        let text = try Self.text("/proc/self/smaps")
        var isRight = false
        var values: [Substring: [Substring]] = [:]
        for line in text.split(separator: "\n") {
            if let range = line.firstMatch(of: #/^([0-9a-f]+)-([0-9a-f]+) /#) {
                if isRight { break }
                let start = UInt(range.1, radix: 16) ?? 0
                let end = UInt(range.2, radix: 16) ?? 0
                isRight = (start..<end).contains(address)
            } else if isRight {
                let parts = line.split(separator: ":", maxSplits: 1)
                values[parts[0]] = parts[1].split(separator: " ")
            }
        }
        try #require(isRight || !values.isEmpty, "the address is in a mapping")
        func kilobytes(_ name: Substring) -> Int { values[name]?.first.flatMap { Int($0) } ?? 0 }
        return (kilobytes("Size"), kilobytes("Locked"), values["VmFlags"] ?? [])
    }

    private static func address(of key: EnvelopeKey) -> UInt { key.withBytes { UInt(bitPattern: $0.baseAddress) } }

    @Test func aKeyHasTheBytesItWasMadeOf() throws {
        let key = EnvelopeKey(id: EnvelopeKeyID("k1"), bytes: Self.bytes)
        #expect(key.withBytes { Array($0) } == Self.bytes)
        let filled = EnvelopeKey(id: EnvelopeKeyID("k1")) { room in
            #expect(Array(room) == [UInt8](repeating: 0, count: 32))
            room.copyBytes(from: Self.bytes)
        }
        #expect(filled.withBytes { Array($0) } == Self.bytes)
        #expect(throws: CancellationError.self) {
            try EnvelopeKey(id: EnvelopeKeyID("k1")) { _ in throw CancellationError() }
        }
    }

    @Test(.enabled("the system lets this process lock no memory") { EnvelopeKey.lockingFailure(keys: 256) == nil })
    func aKeyIsNeitherSwappedNorDumped() throws {
        let key = EnvelopeKey(id: EnvelopeKeyID("k1"), bytes: Self.bytes)
        let mapping = try Self.mapping(of: Self.address(of: key))
        #expect(mapping.flags.contains("lo") && mapping.flags.contains("dd"))
        // Locked whole: the page is there, and nothing else is in the mapping but other keys' pages.
        #expect(mapping.locked == mapping.kilobytes)
    }

    /// A thousand keys would be a thousand locked pages for ever, or fail to be locked.
    @Test func pagesAreGivenBack() throws {
        func locked() throws -> Int {
            let text = try Self.text("/proc/self/status")
            return try #require(text.firstMatch(of: /VmLck:\s+([0-9]+) kB/).flatMap { Int($0.1) })
        }
        let before = try locked()
        for _ in 0..<5000 { _ = EnvelopeKey(id: EnvelopeKeyID("k1"), bytes: Self.bytes) }
        // Other tests have keys, too.
        #expect(try locked() < before + 2000 * 4)
    }

    /// In a process of its own that gives up its privileges: for others the limit must stay as it is.
    @Test func aProcessThatMayLockNothingSaysSo() async {
        await #expect(processExitsWith: .success) {
            var none = rlimit(rlim_cur: 0, rlim_max: 0)
            setrlimit(__rlimit_resource_t(__RLIMIT_MEMLOCK.rawValue), &none)
            // Root may lock whatever the limit says (CAP_IPC_LOCK), and stops being root so.
            if geteuid() == 0 { #expect(setuid(65534) == 0) }
            let failure = EnvelopeKey.lockingFailure(keys: 10)
            #expect(failure?.contains("10 keys take 40960 bytes and RLIMIT_MEMLOCK is 0") == true)
            // It works all the same.
            let key = EnvelopeKey(id: EnvelopeKeyID("k1"), bytes: [UInt8](1...32))
            #expect(key.withBytes { Array($0) } == [UInt8](1...32))
        }
    }

    @Test func aProcessThatMayLockLittleSaysSo() async {
        await #expect(processExitsWith: .success) {
            var little = rlimit(rlim_cur: 65536, rlim_max: 65536)
            setrlimit(__rlimit_resource_t(__RLIMIT_MEMLOCK.rawValue), &little)
            if geteuid() == 0 { #expect(setuid(65534) == 0) }
            #expect(EnvelopeKey.lockingFailure(keys: 16) == nil)
            #expect(EnvelopeKey.lockingFailure(keys: 17) != nil)
        }
    }
}
