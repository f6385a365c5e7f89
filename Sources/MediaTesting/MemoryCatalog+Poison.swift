package import FoundationEssentials
package import MediaModel

extension MemoryCatalog {
    package func strike(_ sha256: SHA256Digest, reason: String, at date: Date) async throws -> PoisonRecord {
        try self.call { state in
            state.poisoned = state.poisoned.filter { !$0.value.isExpired(at: date) }
            let known = state.poisoned.removeValue(forKey: sha256)
            while state.poisoned.count >= PoisonRecord.recordsMax {
                let oldest = state.poisoned.values.min { ($0.strikes, $0.lastAt) < ($1.strikes, $1.lastAt) }
                if let oldest { state.poisoned[oldest.sha256] = nil }
            }
            let record = PoisonRecord(
                sha256: sha256,
                strikes: (known?.strikes ?? 0) + 1,
                firstAt: known?.firstAt ?? date,
                lastAt: max(date, known?.lastAt ?? date),
                reason: reason
            )
            state.poisoned[sha256] = record
            return record
        }
    }

    package func poison(of sha256: SHA256Digest) async throws -> PoisonRecord? {
        try self.call { $0.poisoned[sha256] }
    }

    package func poisoned(limit: Int) async throws -> [PoisonRecord] {
        try self.call { state in
            let newest = state.poisoned.values.sorted {
                ($1.lastAt, $1.sha256.description) < ($0.lastAt, $0.sha256.description)
            }
            return Array(newest.prefix(limit))
        }
    }

    package func clearPoison(of sha256: SHA256Digest?) async throws -> Int {
        try self.call { state in
            let before = state.poisoned.count
            if let sha256 { state.poisoned[sha256] = nil } else { state.poisoned = [:] }
            return before - state.poisoned.count
        }
    }
}
