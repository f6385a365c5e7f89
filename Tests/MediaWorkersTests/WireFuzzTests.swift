import CSandbox
import FoundationEssentials
import Glibc
import MediaModel
import MediaTesting
import Testing

@testable import MediaWorkers

/// Neither end traps, hangs or keeps a descriptor, whatever the other says. One suite at a time: it counts descriptors
/// of the process.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct WireFuzzTests {
    private static let rounds = 1000
    private static let webP = SampleWebP.lossless(320, 240, Array("fuzz".utf8))

    private static func request(_ picture: SealedMemory) -> WireProtocol.Request {
        WireProtocol.Request(id: 7, pictureBytes: picture.bytes, timeMilliseconds: 20, work: .render(Jobs.one))
    }

    private static var result: WireProtocol.Result {
        WireProtocol.Result(
            facts: PictureFacts(size: PictureSize(width: 4000, height: 3000), frames: 1),
            renditions: [.init(size: PictureSize(width: 320, height: 240), bytes: Self.webP.count)],
            timings: RenderTimings(queue: 1, decode: 2, resize: 3, encode: 4),
            path: .planes
        )
    }

    private static func memory(_ bytes: [UInt8]) throws -> SealedMemory {
        var draft = try MemoryDraft(name: "picture", bytes: bytes.count)
        try draft.append(bytes)
        return try draft.sealed()
    }

    @Test(arguments: [1, 2] as [UInt64])
    func thePoolBelievesNoReplyThatIsNotSound(seed: UInt64) throws {
        var fuzz = WireFuzz(seed: seed)
        let picture = try Self.memory([1, 2, 3])
        let request = Self.request(picture)
        let message = try WireProtocol.encode(request)
        let replies = [
            try WireProtocol.encode(WireProtocol.Reply(id: 7, result: Self.result)),
            try WireProtocol.encode(WireProtocol.Reply(id: 7, failure: .init(code: "side-too-long", detail: "x"))),
        ]
        let bounds = WorkerProcess.Bounds(grace: .milliseconds(20), resultBytesMax: 1 << 20)
        var believed = 0
        for round in 0..<Self.rounds {
            let socket = try FuzzedSocket()
            let reply = fuzz.datagram(from: replies[round % 2])
            let attachment = fuzz.attachment()
            socket.send(reply, attachment, Self.webP)
            do {
                let answer = try WorkerProcess.exchange(on: socket.tested, request, message, picture, within: bounds)
                believed += 1
                switch answer {
                case .outcome(let outcome):
                    #expect(outcome.renditions.map(\.bytes) == [Self.webP], "seed \(seed), round \(round)")
                    #expect(attachment == .sealed)
                case .refusal(let error): #expect(WireProtocol.reportable.contains(error.code))
                case .comparison, .compareRefusal: Issue.record("nobody asked for it: seed \(seed), round \(round)")
                }
            } catch let failure as WorkerFailure {
                // An empty datagram and the end of the socket look alike.
                #expect(
                    [.protocol, .deadline, .crash].contains(failure.loss),
                    "seed \(seed), round \(round): \(failure)"
                )
            }
        }
        #expect(believed > Self.rounds / 100, "some of it is sound, or this tests nothing")
        #expect(believed < Self.rounds / 2)
        #expect(WireFuzz.memoriesOpen == 0)
    }

    @Test(arguments: [3, 4] as [UInt64])
    func aWorkerTakesNoRequestThatIsNotSound(seed: UInt64) throws {
        var fuzz = WireFuzz(seed: seed)
        let content: [UInt8] = Array("ok\n".utf8)
        let honest = try WireProtocol.encode(Self.request(try Self.memory(content)))
        var taken = 0
        for round in 0..<Self.rounds {
            let socket = try FuzzedSocket()
            let attachment = fuzz.attachment()
            socket.send(fuzz.datagram(from: honest), attachment, content)
            do {
                guard let datagram = try socket.tested.receive(until: .now) else { continue }
                let (request, picture) = try WorkerLoop<NoEngine>.check(datagram)
                taken += 1
                #expect(request.version == WireProtocol.version)
                #expect((1...WireProtocol.timeMillisecondsMax).contains(request.timeMilliseconds))
                #expect([.sealed, .longer, .shorter].contains(attachment), "seed \(seed), round \(round)")
                #expect(try picture.withMapping { $0.count } == request.pictureBytes)
            } catch let failure as WorkerFailure {
                #expect([.protocol, .crash].contains(failure.loss), "seed \(seed), round \(round): \(failure)")
            }
        }
        #expect(taken > Self.rounds / 100)
        #expect(taken < Self.rounds / 2)
        #expect(WireFuzz.memoriesOpen == 0)
    }

    /// The same on processes: each ends with the status of a pool that broke the rules, or answers; none by a signal.
    @Test func aWorkerProcessEndsOrAnswers() throws {
        let executable = try #require(BuiltProducts.path("FakeWorker"))
        let limits = WorkerLimits(addressSpaceBytesMax: 0, parent: getpid())
        var fuzz = WireFuzz(seed: 5)
        let content: [UInt8] = Array("ok\n".utf8)
        let honest = try WireProtocol.encode(Self.request(try Self.memory(content)))
        var (answered, ended) = (0, 0)
        for round in 0..<40 {
            let worker = try WorkerProcess(executable: executable, limits: limits)
            defer { worker.end() }
            _ = try worker.hello(within: Patience.timeMax)
            // Sound memory: what is wrong with the rest is tried above, a thousand times as often.
            try worker.socket.send(fuzz.datagram(from: honest), memory: Self.memory(content))
            do {
                let datagram = try #require(try worker.receive(until: .now + Patience.timeMax), "round \(round) hangs")
                let reply = try WireProtocol.decode(WireProtocol.Reply.self, from: datagram.bytes)
                #expect(reply.result != nil)
                answered += 1
            } catch let failure as WorkerFailure {
                #expect(failure.loss == .crash, "round \(round): \(failure)")
                let ending = worker.end(isEnding: true)
                #expect(
                    ["ended with status 1", "ended with status 0"].contains(ending.description),
                    "round \(round): \(ending)"
                )
                ended += 1
            }
        }
        #expect(answered > 0 && ended > 0)
    }
}

/// Never asked: only the checks of the loop are of interest.
struct NoEngine: PictureEngine {
    var formats: Set<RenditionFormat> { [] }

    func render(_ job: RenderJob, picture: UnsafeRawBufferPointer, within time: Duration) throws -> RenderOutcome {
        throw RenderError(.unsupported, detail: "no engine")
    }

    func compare(
        _ job: CompareJob,
        first: UnsafeRawBufferPointer,
        second: UnsafeRawBufferPointer,
        within time: Duration
    ) throws -> Comparison {
        throw CompareError(.first, RenderError(.unsupported, detail: "no engine"))
    }
}
