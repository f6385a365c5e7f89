import MediaModel
import Testing

@testable import MediaWorkers

/// An honest exchange about two pictures.
private enum Pair {
    static let rounds = 1000
    static let content: [UInt8] = Array("GIF89a one GIF89a two".utf8)
    static let drawing = SamplePNG.file(960, 240)

    static let honest = WireProtocol.CompareResult(
        first: PictureFacts(size: PictureSize(width: 320, height: 240), frames: 1),
        second: PictureFacts(size: PictureSize(width: 320, height: 240), frames: 2),
        likeness: Likeness(ssim: 0.5, psnr: 30),
        drawingBytes: Self.drawing.count
    )

    static func request() throws -> (WireProtocol.Request, SealedMemory) {
        var draft = try MemoryDraft(name: "picture", bytes: Self.content.count)
        try draft.append(Self.content)
        let job = CompareJob(
            first: .init(format: .gif, bytes: 10),
            second: .init(format: .gif, bytes: Self.content.count - 10),
            limits: PictureLimits(),
            isResizing: false,
            isDrawing: true
        )
        let request = WireProtocol.Request(
            id: 7,
            pictureBytes: Self.content.count,
            timeMilliseconds: 20,
            work: .compare(job)
        )
        return (request, try draft.sealed())
    }
}

/// The same of two pictures; in one suite with the others, for they count the descriptors of one process.
extension WireFuzzTests {
    @Test(arguments: [1, 2] as [UInt64])
    func thePoolBelievesNoComparisonThatIsNotSound(seed: UInt64) throws {
        var fuzz = WireFuzz(seed: seed)
        let (request, pictures) = try Pair.request()
        let message = try WireProtocol.encode(request)
        let failure = WireProtocol.Failure(code: "side-too-long", detail: "x", picture: .second)
        let replies = [
            try WireProtocol.encode(WireProtocol.Reply(id: 7, comparison: Pair.honest)),
            try WireProtocol.encode(WireProtocol.Reply(id: 7, failure: failure)),
        ]
        let bounds = WorkerProcess.Bounds(grace: .milliseconds(20), resultBytesMax: 1 << 20)
        var believed = 0
        for round in 0..<Pair.rounds {
            let socket = try FuzzedSocket()
            let reply = fuzz.datagram(from: replies[round % 2])
            let attachment = fuzz.attachment()
            socket.send(reply, attachment, Pair.drawing)
            do {
                let answer = try WorkerProcess.exchange(on: socket.tested, request, message, pictures, within: bounds)
                believed += 1
                switch answer {
                case .comparison(let comparison):
                    #expect(comparison.drawing == Pair.drawing, "seed \(seed), round \(round)")
                    #expect(comparison.first.size == comparison.second.size)
                    #expect(comparison.likeness.map { (-1...1).contains($0.ssim) } == true)
                    #expect(attachment == .sealed)
                case .compareRefusal(let error): #expect(WireProtocol.picturesFault.contains(error.cause.code))
                case .refusal(let error): #expect(error.code == .deadline)
                case .outcome: Issue.record("nobody asked for it: seed \(seed), round \(round)")
                }
            } catch let failure as WorkerFailure {
                #expect(
                    [.protocol, .deadline, .crash].contains(failure.loss),
                    "seed \(seed), round \(round): \(failure)"
                )
            }
        }
        #expect(believed > Pair.rounds / 100, "some of it is sound, or this tests nothing")
        #expect(believed < Pair.rounds / 2)
        #expect(WireFuzz.memoriesOpen == 0)
    }

    @Test(arguments: [3, 4] as [UInt64])
    func aWorkerTakesNoPairThatIsNotAllOfTheMemory(seed: UInt64) throws {
        var fuzz = WireFuzz(seed: seed)
        let honest = try WireProtocol.encode(try Pair.request().0)
        var taken = 0
        for round in 0..<Pair.rounds {
            let socket = try FuzzedSocket()
            let attachment = fuzz.attachment()
            socket.send(fuzz.datagram(from: honest), attachment, Pair.content)
            do {
                guard let datagram = try socket.tested.receive(until: .now) else { continue }
                let (request, pictures) = try WorkerLoop<NoEngine>.check(datagram)
                taken += 1
                guard case .compare(let job) = request.work else {
                    Issue.record("seed \(seed), round \(round): no pair any more")
                    continue
                }
                #expect(job.first.bytes >= 1 && job.second.bytes >= 1)
                #expect(try pictures.withMapping { $0.count } == job.first.bytes + job.second.bytes)
            } catch let failure as WorkerFailure {
                #expect([.protocol, .crash].contains(failure.loss), "seed \(seed), round \(round): \(failure)")
            }
        }
        #expect(taken > Pair.rounds / 100)
        #expect(taken < Pair.rounds / 2)
        #expect(WireFuzz.memoriesOpen == 0)
    }
}
