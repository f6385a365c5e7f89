import AsyncHTTPClient
import FoundationEssentials
import MediaModel
import NIOCore
import NIOHTTP1

/// Calls of AWS KMS: `POST /`, JSON 1.1, signed; tried again where another try may help, until a deadline.
struct KMSClient: Sendable {
    /// What is called.
    enum Operation: String, Sendable {
        case generateDataKey = "GenerateDataKey"
        case encrypt = "Encrypt"
        case decrypt = "Decrypt"
        case describeKey = "DescribeKey"
    }

    /// Tries of one call, the first among them.
    static let attemptsMax = 3
    /// The longest pause before the second try; it doubles for the third. The pause is a random part of it, so that
    /// callers that failed together do not come back together.
    static let pauseMax = Duration.milliseconds(200)
    /// Of an answer; AWS's own are below 10 KiB.
    static let answerBytesMax = 64 * 1024

    let endpoint: KMSEndpoint
    let signature: AWSSignature
    /// For one call with all its tries and pauses.
    let deadline: Duration
    let http: HTTPClient

    /// - Returns: the body of the answer; the caller wipes it where a key is in it.
    /// - Throws: ``KeyError``, or `CancellationError` where the caller's task was cancelled.
    func call(_ operation: Operation, _ body: [UInt8]) async throws -> [UInt8] {
        let end = ContinuousClock.now + self.deadline
        var attempt = 1
        while true {
            do {
                // Half of the time at the most, so that one call that gets stuck is not the only one.
                let limit = min(end - .now, self.deadline / 2)
                return try await self.attempt(operation, body, within: limit)
            } catch let error as KeyError {
                let pause = Self.pauseMax * (1 << (attempt - 1)) * Double.random(in: 0...1)
                guard error.code.isTransient, attempt < Self.attemptsMax, pause < end - .now else { throw error }
                try await Task.sleep(for: pause)
                attempt += 1
            }
        }
    }

    /// One try. AsyncHTTPClient's deadline ends with the head of an answer; the race here covers the body, too.
    private func attempt(_ operation: Operation, _ body: [UInt8], within limit: Duration) async throws -> [UInt8] {
        try await withThrowingTaskGroup(of: [UInt8].self) { group in
            group.addTask { try await self.exchange(operation, body, within: limit) }
            group.addTask {
                try await Task.sleep(for: limit)
                throw KeyError(.unreachable, detail: "KMS \(operation.rawValue): no answer within \(limit)")
            }
            defer { group.cancelAll() }
            guard let answer = try await group.next() else { throw CancellationError() }
            return answer
        }
    }

    private func exchange(_ operation: Operation, _ body: [UInt8], within limit: Duration) async throws -> [UInt8] {
        let request = try self.request(operation, body)
        do {
            let response = try await self.http.execute(request, deadline: .now() + TimeAmount(limit))
            let answer = try await Self.body(of: response)
            if response.status.code == 200 { return answer }
            throw KMSFault(status: Int(response.status.code), body: answer).error(of: operation)
        } catch let error as KeyError {
            throw error
        } catch {
            try Task.checkCancellation()
            throw KeyError(.unreachable, detail: "KMS \(operation.rawValue) at \(self.endpoint.authority): \(error)")
        }
    }

    /// The one copy that is made of what the HTTP library has received: in memory that does not move while it grows,
    /// and that is wiped where no caller gets it.
    private static func body(of response: HTTPClientResponse) async throws -> [UInt8] {
        var answer: [UInt8] = []
        answer.reserveCapacity(Self.answerBytesMax)
        do {
            for try await part in response.body {
                guard part.readableBytes <= Self.answerBytesMax - answer.count else {
                    throw NIOTooManyBytesError(maxBytes: Self.answerBytesMax)
                }
                answer += part.readableBytesView
            }
        } catch {
            wipe(&answer)
            throw error
        }
        return answer
    }

    /// Signed anew for each try: a signature is good for five minutes.
    private func request(_ operation: Operation, _ body: [UInt8]) throws -> HTTPClientRequest {
        let fields = try self.signature.signed(
            method: "POST",
            path: "/",
            fields: [
                "Host": self.endpoint.authority,
                "Content-Type": "application/x-amz-json-1.1",
                "X-Amz-Target": "TrentService.\(operation.rawValue)",
            ],
            body: body,
            at: Date()
        )
        var request = HTTPClientRequest(url: self.endpoint.url)
        request.method = .POST
        for (name, value) in fields { request.headers.add(name: name, value: value) }
        request.body = .bytes(ByteBuffer(bytes: body))
        return request
    }
}
