package import MediaModel

extension WorkerPool {
    /// Compares two pictures, as background work.
    ///
    /// - Parameters:
    ///   - job: says of either picture as many bytes as its source does.
    /// - Throws: ``CompareError`` for what is wrong with one of them; ``RenderError`` for the rest, as
    ///   ``render(_:source:priority:)``; what a source throws.
    package func compare(
        _ job: CompareJob,
        first: any PictureSource,
        second: any PictureSource
    ) async throws -> Comparison {
        precondition(job.first.bytes == first.bytes && job.second.bytes == second.bytes, "a job for other pictures")
        try self.check(first, as: .first)
        try self.check(second, as: .second)
        let cost = RenderCost(of: job, first: try await first.opening(), second: try await second.opening())
        let time = JobTime(.background, cost, deadline: self.configuration.renderDeadline)
        let request = AdmissionQueue.Request(priority: .background, cost: cost, waitMax: time.waitMax)
        do {
            return try await self.gate.admitting(request) {
                let turn = time.admitted(at: .now)
                let pictures = try await self.read([first, second])
                return try await self.onThread { try self.perform(job, pictures, turn) }
            }
        } catch let refusal as AdmissionQueue.Refusal {
            throw self.renderError(of: refusal)
        }
    }

    private func check(_ source: any PictureSource, as picture: ComparedPicture) throws {
        do {
            try self.check(source)
        } catch let error as RenderError {
            throw CompareError(picture, error)
        }
    }

    private func perform(_ job: CompareJob, _ pictures: SealedMemory, _ turn: JobTime.Turn) throws -> Comparison {
        guard case .comparison(let comparison) = try self.perform(.compare(job), pictures, turn) else {
            preconditionFailure("an exchange answers what was asked")
        }
        return comparison
    }
}
