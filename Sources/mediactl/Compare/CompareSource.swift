import MediaModel
import MediaRuntime

/// One of two pictures in files.
struct CompareSource: Sendable {
    let file: SourceFile
    let format: PictureFormat

    var picture: CompareJob.Picture { CompareJob.Picture(format: self.format, bytes: self.file.bytes) }

    /// - Throws: ``CompareFailure`` for what is no picture, or one over `upload.bytes.max`.
    static func open(_ path: String, _ settings: Settings) async throws -> CompareSource {
        do {
            let file = try await SourceFile.open(path)
            guard file.bytes <= settings.upload.bytesMax else {
                throw CompareFailure(
                    "\(path) has \(file.bytes) bytes, more than upload.bytes.max (\(settings.upload.bytesMax)); raise "
                        + "it with --upload-bytes-max if you trust the file"
                )
            }
            guard let format = try await file.sniff() else {
                throw CompareFailure("\(path) is no JPEG, PNG, GIF, WebP, HEIC or AVIF picture")
            }
            return CompareSource(file: file, format: format)
        } catch let error as SourceFileError {
            throw CompareFailure("\(path) \(error)")
        }
    }
}
