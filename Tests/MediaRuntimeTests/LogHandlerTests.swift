import Foundation
import Glibc
import Logging
import Testing

@testable import MediaRuntime

/// What log lines look like, to people and to what reads them.
@Suite struct LogHandlerTests {
    private static let time = "2026-11-22T05:26:38.007Z"

    private static func event(_ message: Logger.Message, _ metadata: Logger.Metadata = [:]) -> LogEvent {
        LogEvent(
            level: .error,
            message: message,
            error: nil,
            metadata: metadata,
            source: nil,
            file: "f",
            function: "g",
            line: 1
        )
    }

    @Test func aTimeIsToTheMillisecondAndOfNoZone() {
        #expect(LogTime.text(timespec(tv_sec: 0, tv_nsec: 999_999_999)) == "1970-01-01T00:00:00.999Z")
        #expect(LogTime.text(timespec(tv_sec: 1_795_325_198, tv_nsec: 7_000_000)) == "2026-11-22T05:26:38.007Z")
        #expect(LogTime.text(timespec(tv_sec: 951_782_400, tv_nsec: 42_000_000)) == "2000-02-29T00:00:00.042Z")
    }

    @Test func aLineOfJSONHasItsIdsBesideTheMessage() throws {
        var handler = JSONLogHandler(label: "mediad")
        handler.metadata = ["request_id": "r-1", "route": "/v1/assets"]
        handler.metadataProvider = Logger.MetadataProvider { ["trace_id": "t", "span_id": "s", "trace_flags": "01"] }
        let line = try #require(handler.line(Self.event("Request \"refused\"\n", ["status": "503"]), at: Self.time))
        #expect(line.last == UInt8(ascii: "\n") && line.filter { $0 == UInt8(ascii: "\n") }.count == 1)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any])
        let texts = object.compactMapValues { $0 as? String }
        #expect(
            texts == [
                "time": Self.time, "level": "error", "logger": "mediad", "message": "Request \"refused\"\n",
                "request_id": "r-1", "trace_id": "t", "span_id": "s", "trace_flags": "01",
            ]
        )
        #expect(object["fields"] as? [String: String] == ["status": "503", "route": "/v1/assets"])
    }

    @Test func withoutARequestThereIsNoId() throws {
        let line = try #require(JSONLogHandler(label: "mediad").line(Self.event("Started"), at: Self.time))
        #expect(
            String(decoding: line, as: UTF8.self)
                == #"{"fields":{},"level":"error","logger":"mediad","message":"Started","time":"\#(Self.time)"}"# + "\n"
        )
    }

    @Test func aLineOfTextIsForPeople() {
        var handler = TextLogHandler(label: "mediad")
        handler.metadata = ["request_id": "r-1"]
        let line = handler.line(Self.event("Request refused", ["status": "503", "error": "no room"]), at: Self.time)
        #expect(line == "\(Self.time) error mediad: Request refused error=\"no room\" request_id=r-1 status=503\n")
    }

    /// Whoever sends us bytes does not write our log.
    @Test func whatIsLoggedMakesNoLineOfItsOwn() {
        let handler = TextLogHandler(label: "mediad")
        let line = handler.line(
            Self.event(
                "x",
                ["a": "1\n\(Self.time) error mediad: forged", "b": "say \"x\" b=2", "c": "", "d": "\u{1B}[2J"]
            ),
            at: Self.time
        )
        #expect(line.filter { $0 == "\n" }.count == 1)
        #expect(line.hasPrefix("\(Self.time) error mediad: x a=\"1\\u{a}"))
        #expect(line.contains(#"b="say \"x\" b=2" c="" d="\u{1b}[2J""#))
    }

    /// A quotation ends where it ends, and no text looks like another's escapes.
    @Test func aBackslashIsTwo() {
        let line = TextLogHandler(label: "l").line(
            Self.event(#"C:\x"#, ["a": #"x\"#, "b": #"\" c=forged"#, "d": #"\u{a}"#, "e": "\n"]),
            at: Self.time
        )
        #expect(line == #"\#(Self.time) error l: C:\\x a="x\\" b="\\\" c=forged" d="\\u{a}" e="\u{a}""# + "\n")
    }

    @Test func theInnermostFieldGoesBefore() {
        var handler = TextLogHandler(label: "l")
        handler.metadata = ["a": "logger", "b": "logger", "c": "logger"]
        handler.metadataProvider = Logger.MetadataProvider { ["a": "provider", "b": "provider"] }
        let line = handler.line(Self.event("m", ["a": "event"]), at: Self.time)
        #expect(line.contains("a=event b=provider c=logger"))
    }
}
