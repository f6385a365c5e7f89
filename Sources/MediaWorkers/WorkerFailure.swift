import MediaModel

/// Why a worker is lost; also the label of the counter of restarts.
package enum WorkerLoss: String, Sendable, Hashable, CaseIterable {
    /// It ended, or closed its socket.
    case crash
    /// It did not answer in time and was killed.
    case deadline
    /// It said something that ``WireProtocol`` does not allow.
    case `protocol`
    /// A system call of ours failed in the middle of an exchange: nobody knows any more where the worker is.
    case system
}

/// The one error of this module between its own parts; the port's callers see the ``RenderError`` that it becomes.
package struct WorkerFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package let loss: WorkerLoss
    /// Whose fault it is that a worker was lost.
    enum Fault: Hashable, Sendable {
        /// The same picture would cost the next worker too.
        case picture
        /// That of what the picture was to be made into: the next worker would be lost to it too, and the picture is as
        /// good as any.
        case encoder
        /// Another attempt with the same picture can end otherwise, although the loss alone says that it cannot.
        case ours
    }

    /// For logs.
    package let detail: String
    let fault: Fault

    package init(_ loss: WorkerLoss, _ detail: String) { self.init(loss, detail, .picture) }

    init(_ loss: WorkerLoss, _ detail: String, _ fault: Fault) {
        self.loss = loss
        self.detail = detail
        self.fault = fault
    }

    /// - Parameter result: what a CSandbox function returned: a negated errno value.
    init(call: String, result: Int) {
        self.init(.system, "\(call): \(SystemCall.text(-result))")
    }

    package var description: String { "\(self.loss.rawValue): \(self.detail)" }

    /// What the caller of ``Renderer`` is told of a job that a worker had.
    ///
    /// A worker that lies about a picture has been taken over by it: it counts as a crash. Were it `.unavailable`, the
    /// same picture would be tried again for ever.
    var renderError: RenderError {
        let isThePictures = self.fault == .picture
        return switch self.loss {
        case _ where self.fault == .ours: RenderError(.unavailable, detail: self.detail)
        case .crash, .protocol: RenderError(.crashed, detail: self.detail, costAWorker: isThePictures)
        case .deadline: RenderError(.deadline, detail: self.detail, costAWorker: isThePictures)
        case .system: RenderError(.unavailable, detail: self.detail)
        }
    }
}
