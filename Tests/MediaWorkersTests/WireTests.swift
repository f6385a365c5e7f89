import CSandbox
import Glibc
import MediaModel
import Testing

@testable import MediaWorkers

@Suite struct WireProtocolTests {
    @Test func messagesComeBackAsTheyWere() throws {
        let request = WireProtocol.Request(id: .max, pictureBytes: 7, timeMilliseconds: 1, work: .render(Jobs.both))
        #expect(try WireProtocol.decode(WireProtocol.Request.self, from: WireProtocol.encode(request)) == request)
        let failure = WireProtocol.Reply(id: 1, failure: .init(code: "side-too-long", detail: "ä\n"))
        #expect(try WireProtocol.decode(WireProtocol.Reply.self, from: WireProtocol.encode(failure)) == failure)
    }

    @Test(arguments: ["", "{", "[]", "null", #"{"version":1}"#, #"{"version":1e99,"id":1,"pictureBytes":1,"job":{}}"#])
    func rubbishIsRefused(text: String) {
        let error = #expect(throws: WorkerFailure.self) {
            try WireProtocol.decode(WireProtocol.Request.self, from: Array(text.utf8))
        }
        #expect(error?.loss == .protocol)
    }

    @Test func aCodecsWordsAreCutAndKeptOnOneLine() {
        #expect(WireProtocol.tamed("a\nb\u{1B}[0m\u{7F}") == "a b [0m ")
        #expect(WireProtocol.tamed(String(repeating: "x", count: 5000)).utf8.count == WireProtocol.detailBytesMax)
    }

    @Test(arguments: [
        WorkerLimits(addressSpaceBytesMax: 0, parent: 7),
        WorkerLimits(addressSpaceBytesMax: 5, cpuSecondsMax: 9, mayLack: [.landlock], parent: .max),
        WorkerLimits(addressSpaceBytesMax: .max, cpuSecondsMax: .max, mayLack: [.landlock, .seccomp], parent: 1),
    ])
    func aWorkerTakesTheArgumentsOfItsPool(limits: WorkerLimits) {
        #expect(WorkerLimits(arguments: ["x"] + limits.arguments) == limits)
    }

    @Test(arguments: [
        [], ["address-space-bytes-max=1"],
        ["address-space-bytes-max=1", "cpu-seconds-max=0", "may-lack="],
        ["address-space-bytes-max=1", "cpu-seconds-max=0", "may-lack=", "parent=7", "more"],
        ["address-space-bytes-max=-1", "cpu-seconds-max=0", "may-lack=", "parent=7"],
        ["address-space-bytes-max=1", "cpu-seconds-max=-1", "may-lack=", "parent=7"],
        ["address-space-bytes-max=1", "cpu-seconds-max=0", "may-lack=everything", "parent=7"],
        ["address-space-bytes-max=1", "cpu-seconds-max=0", "may-lack=landlock,", "parent=0"],
        ["address-space-bytes-max=1", "cpu-seconds-max=0", "parent=7", "may-lack="],
        ["--help", "cpu-seconds-max=0", "may-lack=", "parent=7"],
    ])
    func aWorkerTakesNoOtherArguments(arguments: [String]) {
        #expect(WorkerLimits(arguments: ["mediaworker"] + arguments) == nil)
    }
}

@Suite(.timeLimit(.minutes(5)))
struct WireSocketTests {
    private let (left, right): (WireSocket, WireSocket)
    private let rawLeft: Int32

    init() throws {
        var ends: [Int32] = [-1, -1]
        try #require(csandbox_socket_pair(&ends) == 0)
        self.rawLeft = ends[0]
        self.left = WireSocket(owning: Descriptor(owning: ends[0]))
        self.right = WireSocket(owning: Descriptor(owning: ends[1]))
    }

    @Test func aDatagramBringsItsMemory() throws {
        var draft = try MemoryDraft(name: "test", bytes: 5)
        try draft.append([1, 2])
        try draft.append([3, 4, 5])
        try self.left.send([9, 9], memory: draft.sealed())
        let datagram = try #require(try self.right.receive())
        #expect(datagram.bytes == [9, 9])
        let memory = try SealedMemory(received: try #require(datagram.descriptor), bytes: 5)
        #expect(try memory.read(at: 1, count: 3) == [2, 3, 4])
        #expect(try memory.withMapping { Array($0) } == [1, 2, 3, 4, 5])
    }

    @Test func theEndOfThePeerIsTheEnd() throws {
        self.left.hangUp()
        #expect(try self.right.receive() == nil)
        let error = #expect(throws: WorkerFailure.self) { try self.right.send([1]) }
        #expect(error?.loss == .crash)
    }

    @Test func aPeerThatDoesNotReadIsNotWaitedFor() throws {
        let error = #expect(throws: WorkerFailure.self) {
            for _ in 0..<1000 { try self.left.send([UInt8](repeating: 0, count: 60_000)) }
        }
        #expect(error?.loss == .protocol)
    }

    @Test func waitingEndsAtTheDeadline() throws {
        let start = ContinuousClock.now
        #expect(try self.right.waitReadable(until: start + .milliseconds(50)) == false)
        #expect(start.duration(to: .now) >= .milliseconds(50))
        #expect(try self.right.waitReadable(until: start) == false)
        try self.left.send([1])
        #expect(try self.right.waitReadable(until: start))
    }

    @Test func aDatagramWithTwoDescriptorsIsRefusedAndBothAreClosed() throws {
        var pipe: [Int32] = [-1, -1]
        try #require(Glibc.pipe(&pipe) == 0)
        try self.send(descriptors: [pipe[1], pipe[1]])
        close(pipe[1])
        let error = #expect(throws: WorkerFailure.self) { try self.right.receive() }
        #expect(error?.loss == .protocol)
        // Were a copy of the writing end left in this process, reading would wait and not find the end.
        #expect(fcntl(pipe[0], F_SETFL, O_NONBLOCK) == 0)
        var byte: UInt8 = 0
        #expect(read(pipe[0], &byte, 1) == 0)
        close(pipe[0])
    }

    @Test func aDatagramThatIsTooLongLosesItsDescriptorToo() throws {
        var pipe: [Int32] = [-1, -1]
        try #require(Glibc.pipe(&pipe) == 0)
        let bytes = [UInt8](repeating: 0, count: WireProtocol.datagramBytesMax + 1)
        #expect(bytes.withUnsafeBytes { csandbox_send(self.rawLeft, $0.baseAddress, $0.count, pipe[1]) } == 0)
        close(pipe[1])
        #expect(throws: WorkerFailure.self) { try self.right.receive() }
        #expect(fcntl(pipe[0], F_SETFL, O_NONBLOCK) == 0)
        var byte: UInt8 = 0
        #expect(read(pipe[0], &byte, 1) == 0)
        close(pipe[0])
    }

    /// What CSandbox cannot be made to do: one message with several descriptors.
    private func send(descriptors: [Int32]) throws {
        // A cmsghdr: its length with the data (a size_t), the level, the type (SCM_RIGHTS is 1); then the descriptors.
        let headerBytes = 16
        var control = [UInt8](repeating: 0, count: headerBytes + descriptors.count * 4)
        let count = control.count
        control.withUnsafeMutableBytes { buffer in
            buffer.storeBytes(of: count, as: Int.self)
            buffer.storeBytes(of: SOL_SOCKET, toByteOffset: 8, as: Int32.self)
            buffer.storeBytes(of: 1, toByteOffset: 12, as: Int32.self)
            for (index, descriptor) in descriptors.enumerated() {
                buffer.storeBytes(of: descriptor, toByteOffset: headerBytes + index * 4, as: Int32.self)
            }
        }
        var byte: UInt8 = 0
        let sent = withUnsafeMutablePointer(to: &byte) { byte in
            var piece = iovec(iov_base: byte, iov_len: 1)
            return withUnsafeMutablePointer(to: &piece) { piece in
                control.withUnsafeMutableBytes { buffer in
                    var message = msghdr()
                    message.msg_iov = piece
                    message.msg_iovlen = 1
                    message.msg_control = buffer.baseAddress
                    message.msg_controllen = buffer.count
                    return sendmsg(self.rawLeft, &message, 0)
                }
            }
        }
        try #require(sent == 1)
    }
}

@Suite struct SealedMemoryTests {
    @Test func memoryWithoutItsSealsIsRefused() throws {
        let raw = csandbox_memory_create("test")
        #expect(ftruncate(raw, 5) == 0)
        let error = #expect(throws: WorkerFailure.self) {
            try SealedMemory(received: Descriptor(owning: raw), bytes: 5)
        }
        #expect(error?.loss == .protocol)
    }

    @Test(arguments: [0, 4, 6, -1, .max]) func memoryOfAnotherLengthIsRefused(announced: Int) throws {
        let raw = csandbox_memory_create("test")
        #expect(ftruncate(raw, 5) == 0)
        #expect(csandbox_memory_seal(raw) == 0)
        #expect(throws: WorkerFailure.self) { try SealedMemory(received: Descriptor(owning: raw), bytes: announced) }
    }

    @Test func whatIsNoMemoryIsRefused() throws {
        #expect(throws: WorkerFailure.self) {
            try SealedMemory(received: Descriptor(owning: open("/dev/null", O_RDONLY)), bytes: 1)
        }
    }

    @Test func sealedMemoryCannotBeChanged() throws {
        let raw = csandbox_memory_create("test")
        defer { close(raw) }
        #expect(ftruncate(raw, 5) == 0)
        #expect(csandbox_memory_is_sealed(raw) == 0)
        #expect(csandbox_memory_seal(raw) == 0)
        #expect(csandbox_memory_is_sealed(raw) == 1)
        #expect(pwrite(raw, "x", 1, 0) == -1)
        #expect(ftruncate(raw, 4) == -1)
        #expect(ftruncate(raw, 6) == -1)
        #expect(mmap(nil, 5, PROT_READ | PROT_WRITE, MAP_SHARED, raw, 0) == MAP_FAILED)
    }
}
