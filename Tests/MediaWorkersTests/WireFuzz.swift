import CSandbox
import FoundationEssentials
import Glibc
import MediaModel
import MediaTesting

@testable import MediaWorkers

/// Messages that are nearly right, from a seed: the same seed makes the same.
struct WireFuzz {
    /// The name of all memory that a fuzz makes; what is left open shows under it.
    static let memoryName = "wire-fuzz"

    /// What goes with a datagram.
    enum Attachment: CaseIterable {
        case none, sealed, longer, shorter, empty, unsealed, device, socket
    }

    /// SplitMix64 (Steele, Lea, Flood 2014).
    struct Randomness: RandomNumberGenerator {
        private var state: UInt64

        init(seed: UInt64) { self.state = seed }

        mutating func next() -> UInt64 {
            self.state &+= 0x9E37_79B9_7F4A_7C15
            var word = self.state
            word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
            word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
            return word ^ (word >> 31)
        }
    }

    /// What may stand where a number or an object stood.
    private static let values = [
        "0", "-1", "1", "9223372036854775807", "-9223372036854775808", "18446744073709551616", "1e400", "0.5", "1e3",
        "null", "true", "\"\"", "\"7\"", "[]", "{}", "[[]]", "99999999999999999999999999999999", "NaN",
    ]

    private(set) var randomness: Randomness

    init(seed: UInt64) { self.randomness = Randomness(seed: seed) }

    /// A message that began as `honest`; once in eight it still is.
    mutating func datagram(from honest: [UInt8]) -> [UInt8] {
        var bytes = honest
        switch Int.random(in: 0..<8, using: &self.randomness) {
        case 0: return honest
        case 1: bytes = Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &self.randomness)))
        case 2:
            for _ in 0..<Int.random(in: 1...8, using: &self.randomness) {
                bytes[Int.random(in: 0..<bytes.count, using: &self.randomness)] = self.byte()
            }
        case 3: bytes = self.withOtherNumber(bytes)
        case 4: bytes = (0..<Int.random(in: 1...3000, using: &self.randomness)).map { _ in self.byte() }
        case 5:
            let bracket = [UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: "\"")].randomElement(
                using: &self.randomness
            )
            bytes = [UInt8](repeating: bracket ?? 0, count: Int.random(in: 1...60_000, using: &self.randomness))
        case 6: bytes += bytes
        default:
            for _ in 0..<3 { bytes = self.withOtherNumber(bytes) }
        }
        return bytes
    }

    mutating func attachment() -> Attachment {
        Attachment.allCases.randomElement(using: &self.randomness) ?? .none
    }

    /// Replaces one number of a JSON text by something else.
    private mutating func withOtherNumber(_ bytes: [UInt8]) -> [UInt8] {
        let isDigit: (UInt8) -> Bool = { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        let starts = bytes.indices.filter { isDigit(bytes[$0]) && ($0 == 0 || !isDigit(bytes[$0 - 1])) }
        guard let start = starts.randomElement(using: &self.randomness) else { return bytes }
        let end = bytes[start...].firstIndex { !isDigit($0) } ?? bytes.endIndex
        let value = Self.values.randomElement(using: &self.randomness) ?? "0"
        return bytes[..<start] + Array(value.utf8) + bytes[end...]
    }

    private mutating func byte() -> UInt8 { UInt8.random(in: .min ... .max, using: &self.randomness) }

    /// - Parameter bytes: what honest memory holds.
    static func descriptor(_ attachment: Attachment, _ bytes: [UInt8]) -> Int32 {
        switch attachment {
        case .none: -1
        case .sealed: Self.memory(bytes, isSealed: true)
        case .longer: Self.memory(bytes + [0], isSealed: true)
        case .shorter: Self.memory(bytes.dropLast(), isSealed: true)
        case .empty: Self.memory([], isSealed: true)
        case .unsealed: Self.memory(bytes, isSealed: false)
        case .device: open("/dev/zero", O_RDONLY | O_CLOEXEC)
        case .socket: socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        }
    }

    private static func memory(_ bytes: some Collection<UInt8>, isSealed: Bool) -> Int32 {
        let memory = csandbox_memory_create(Self.memoryName)
        let bytes = Array(bytes)
        _ = bytes.withUnsafeBytes { write(memory, $0.baseAddress, $0.count) }
        if isSealed { _ = csandbox_memory_seal(memory) }
        return memory
    }

    /// Descriptors of fuzz memory that this process has open.
    static var memoriesOpen: Int {
        let folder = "/proc/self/fd"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.count {
            let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\($0)")
            return target?.contains(Self.memoryName) == true
        }
    }
}

/// Both ends of a socket, one of them raw.
struct FuzzedSocket: ~Copyable {
    /// The end under test.
    let tested: WireSocket
    /// The other end.
    let raw: Int32

    init() throws {
        var ends: [Int32] = [-1, -1]
        guard csandbox_socket_pair(&ends) == 0 else { throw WorkerFailure(.system, "socketpair") }
        self.tested = WireSocket(owning: Descriptor(owning: ends[0]))
        self.raw = ends[1]
    }

    deinit { close(self.raw) }

    /// Sends a datagram with what goes with it, of which no copy stays here.
    func send(_ bytes: [UInt8], _ attachment: WireFuzz.Attachment, _ memory: [UInt8]) {
        let descriptor = WireFuzz.descriptor(attachment, memory)
        _ = bytes.withUnsafeBytes { csandbox_send(self.raw, $0.baseAddress, $0.count, descriptor) }
        if descriptor >= 0 { close(descriptor) }
    }
}
