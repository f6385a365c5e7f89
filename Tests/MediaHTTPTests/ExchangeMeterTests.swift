import CoreMetrics
import HTTPTypes
import Logging
import MediaMetrics
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import Testing

@testable import MediaHTTP

/// What is counted of an exchange, however it ends.
@Suite struct ExchangeMeterTests {
    private let registry = OriginMetrics.makeRegistry(version: "")

    /// A connection on which one request has come.
    private func withConnection(_ body: (EmbeddedChannel) throws -> Void) throws {
        try withMetricsFactory(self.registry) {
            let meters = HTTPMeters(log: AccessLog(every: 0, logger: Logger(label: "unused")))
            let channel = EmbeddedChannel()
            let prompt = PromptRefusalHandler { $0.path == "/full" ? Self.busy : nil }
            try channel.pipeline.syncOperations.addHandlers([ExchangeMeterHandler(meters), prompt])
            try body(channel)
            _ = try channel.finish(acceptAlreadyClosed: true)
        }
    }

    private static let busy = ProblemTable.rows["render.busy"] ?? ProblemTable.internalError

    private static func ask(_ channel: EmbeddedChannel, _ path: String = "/a") throws {
        let head = HTTPRequest(method: .get, scheme: "http", authority: "a", path: path)
        try channel.writeInbound(HTTPRequestPart.head(head))
        try channel.writeInbound(HTTPRequestPart.end(nil))
    }

    private static func answer(_ channel: EmbeddedChannel, _ status: HTTPResponse.Status) throws {
        try channel.writeOutbound(HTTPResponsePart.head(HTTPResponse(status: status)))
        try channel.writeOutbound(HTTPResponsePart.end(nil))
    }

    private func value(_ name: String, _ label: String = "") -> Double {
        let lines = String(decoding: self.registry.exposition(), as: UTF8.self).split(separator: "\n")
        return lines.filter { $0.hasPrefix("\(name){") && $0.contains(label) }
            .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.reduce(0, +)
    }

    @Test func aRefusalThatIsSentIsCounted() throws {
        try self.withConnection { channel in
            try Self.ask(channel)
            channel.triggerUserOutboundEvent(try #require(Self.busy.note), promise: nil)
            #expect(self.value("http_refusals_total") == 0)
            try Self.answer(channel, .serviceUnavailable)
        }
        #expect(self.value("http_refusals_total", "\"busy\"") == 1)
        #expect(self.value("http_requests_total", "503") == 1)
        #expect(self.value("http_request_duration_seconds_count") == 1)
    }

    @Test func aPromptRefusalIsCounted() throws {
        try self.withConnection { try Self.ask($0, "/full") }
        #expect(self.value("http_refusals_total", "\"busy\"") == 1)
        #expect(self.value("http_requests_total", "503") == 1)
    }

    /// It would else hide an error of somebody else.
    @Test func aRefusalThatNobodyGetsIsNotCounted() throws {
        try self.withConnection { channel in
            try Self.ask(channel)
            channel.triggerUserOutboundEvent(try #require(Self.busy.note), promise: nil)
        }
        #expect(self.value("http_refusals_total") == 0)
        #expect(self.value("http_requests_total") == 0)
        #expect(self.value("http_requests_unanswered_total") == 1)
    }

    @Test func aRefusalIsOfItsOwnRequest() throws {
        try self.withConnection { channel in
            try Self.ask(channel)
            try Self.ask(channel)
            channel.triggerUserOutboundEvent(try #require(Self.busy.note), promise: nil)
            try Self.answer(channel, .serviceUnavailable)
            try Self.answer(channel, .internalServerError)
        }
        #expect(self.value("http_refusals_total") == 1)
        #expect(self.value("http_requests_total", "500") == 1)
    }

    /// A service that hangs until everybody has given up is seen in its latencies.
    @Test func whoeverGaveUpHasWaited() throws {
        try self.withConnection { try Self.ask($0) }
        #expect(self.value("http_request_duration_seconds_count") == 1)
        #expect(self.value("http_requests_total") == 0)
    }

    /// The edge tells of what is no error of the client's alone: all else costs it no hop.
    @Test func onlyServerErrorsAreNoted() {
        #expect(Self.busy.note?.problem == "busy")
        #expect(Problem.targetTooLong.note == nil)
    }
}
