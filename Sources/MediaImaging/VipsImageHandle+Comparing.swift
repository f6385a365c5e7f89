import CVipsShim
import MediaModel

/// What only a comparison needs.
extension VipsImageHandle {
    /// The pixels of an 8-bit image of three bands, row by row without gaps.
    func rgb() throws(RenderError) -> [UInt8] {
        var bytes: UnsafeMutableRawPointer?
        var count = 0
        try self.calling { cvips_samples($0, &bytes, &count) }
        defer { cvips_free(bytes) }
        // The planes' sizes are reckoned from the header: an image of another form would be read past its end.
        guard count == self.width * self.height * 3 else {
            throw RenderError(.undecodable, detail: "\(count) bytes of pixels for \(self.width) × \(self.height)")
        }
        return [UInt8](UnsafeRawBufferPointer(start: bytes, count: count))
    }

    /// This one, then the others, in a row; all of one size and form.
    func beside(
        _ second: borrowing VipsImageHandle,
        _ third: borrowing VipsImageHandle
    ) throws(RenderError) -> VipsImageHandle {
        let others = [second.asking { $0 }, third.asking { $0 }]
        return try self.making { image, out in
            var row: [OpaquePointer?] = [image] + others
            return cvips_beside(&row, CInt(row.count), out)
        }
    }

    func encodedAsPNG() throws(RenderError) -> [UInt8] {
        var bytes: UnsafeMutableRawPointer?
        var count = 0
        try self.calling { cvips_save_png($0, &bytes, &count) }
        defer { cvips_free(bytes) }
        return [UInt8](UnsafeRawBufferPointer(start: bytes, count: count))
    }
}
