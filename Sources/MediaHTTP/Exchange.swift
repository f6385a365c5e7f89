import HTTPTypes
import MediaOrigin
import NIOCore

/// A request and its answer, as far as they are counted.
struct Exchange {
    /// When the request's head had been read.
    let start: NIODeadline
    /// As in the metrics: one of those that are told apart, or `other`.
    let method: String
    /// The request target; empty where no request was understood.
    let target: String
    /// Bytes of the request's body that have arrived.
    var requestBytes = 0
    /// Set once the answer has begun.
    var status: Int?
    /// Bytes of the answer's body.
    var responseBytes = 0
    var note = AnswerNote()
}

/// What the responder knows of an answer and nobody sees who passes its bytes on. An event that goes down the pipeline
/// before the answer's next part; whoever hears it keeps what it says.
struct AnswerNote: Sendable {
    /// Of a delivery: where its bytes came from.
    var delivery: DeliveryResult?
    /// The trace that follows the request, where that is kept.
    var traceID: String?
    /// What the request is called, where the log wants to know.
    var requestID: String?
    /// The code of the problem that is answered, where its status is 5xx.
    var problem: String?
    /// The rest of the body could not be read.
    var isCutShort = false

    mutating func add(_ other: AnswerNote) {
        self.delivery = other.delivery ?? self.delivery
        self.traceID = other.traceID ?? self.traceID
        self.requestID = other.requestID ?? self.requestID
        self.problem = other.problem ?? self.problem
        self.isCutShort = self.isCutShort || other.isCutShort
    }
}

/// Where the bytes of a delivery came from; the values of a label.
enum DeliveryResult: String, Sendable, CaseIterable {
    /// From memory, or there were none to send.
    case hit
    /// From the store.
    case miss
    /// They were made at this request.
    case render
}

extension DeliveryTrace {
    var result: DeliveryResult {
        if self.isMade { return .render }
        return self.source == .memory ? .hit : .miss
    }
}

/// The trace of the request that is being counted, for whoever asks where no task of the request runs.
package enum RequestTrace {
    /// In hexadecimal; nil: none is kept.
    @TaskLocal package static var id: String?
}
