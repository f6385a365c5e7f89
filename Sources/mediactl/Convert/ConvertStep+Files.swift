import MediaModel
import MediaRuntime

/// The files of a step; what is here blocks.
extension ConvertStep {
    /// What is there of the picture's outputs; nil where the picture is one itself.
    ///
    /// - Throws: ``ConvertCollision``.
    func look(_ source: ConvertSource, _ picture: ConvertPicture) throws -> [Kept]? {
        let kept = self.mode == .all ? [] : self.targets.compactMap { self.kept($0, source, picture.digest) }
        let isInPlace = self.isInPlace(source)
        guard isInPlace || self.outputHasSources else { return kept }
        let name = SourcePath.join(source.folder, SourcePath.name(of: source.path))
        if isInPlace, self.index.entry(of: name)?.line.output == picture.digest { return nil }
        for target in self.targets where !kept.contains(where: { $0.target.preset == target.preset }) {
            let relative = Self.relative(source, target)
            let path = self.path(relative)
            guard FolderListing.kind(of: path) == .file, !self.isOutput(path, self.index.entry(of: relative)) else {
                continue
            }
            throw ConvertCollision(
                description: "would overwrite \(path), which is not as an earlier run wrote it; choose another --out, "
                    + "or remove it"
            )
        }
        return kept
    }

    /// Whether a file is, byte for byte, what a journal says was written there.
    private func isOutput(_ path: String, _ entry: JournalIndex.Entry?) -> Bool {
        guard let entry, FolderListing.bytes(of: path) == entry.line.bytes,
            let file = try? SourceFile.openBlocking(path),
            let bytes = try? file.readBlocking(at: 0, count: file.bytes)
        else { return false }
        return Self.digest(bytes) == entry.line.output
    }

    /// Whether its outputs go where it lies itself.
    private func isInPlace(_ source: ConvertSource) -> Bool {
        guard let output = FolderListing.identity(of: self.path(source.folder)) else { return false }
        return FolderListing.identity(of: SourcePath.folder(of: source.path)) == output
    }

    private func kept(_ target: Target, _ source: ConvertSource, _ digest: SHA256Digest) -> Kept? {
        let relative = Self.relative(source, target)
        guard let entry = self.index.entry(of: relative), entry.line.source == digest,
            entry.line.recipe == target.fingerprint
        else { return nil }
        let path = self.path(relative)
        guard FolderListing.kind(of: path) == .file, FolderListing.bytes(of: path) == entry.line.bytes else {
            return nil
        }
        if entry.isDurable, self.mode != .verify { return (target, entry.line) }
        return self.isOutput(path, entry) ? (target, entry.line) : nil
    }

    func write(
        _ renditions: [RenderedPicture],
        _ targets: [Target],
        of source: ConvertSource,
        _ digest: SHA256Digest
    ) throws -> [ConvertOutcome.Output] {
        var lines: [JournalLine] = []
        var outputs: [ConvertOutcome.Output] = []
        for (rendition, target) in zip(renditions, targets) {
            let relative = Self.relative(source, target)
            let path = self.path(relative)
            let folder = self.path(source.folder)
            try AtomicFile.writeBlocking(rendition.bytes, to: SourcePath.name(of: relative), in: folder, .unsynced)
            outputs.append(ConvertOutcome.Output(path, rendition))
            lines.append(
                JournalLine(
                    source: digest,
                    output: Self.digest(rendition.bytes),
                    recipe: target.fingerprint,
                    bytes: rendition.bytes.count,
                    size: rendition.size,
                    path: relative
                )
            )
        }
        try self.journal?.append(lines)
        return outputs
    }

    /// Of an output, below the output folder.
    static func relative(_ source: ConvertSource, _ target: Target) -> String {
        SourcePath.join(source.folder, ConvertRecipes.fileName(source.stem, target.preset))
    }

    func path(_ relative: String) -> String { SourcePath.join(self.output, relative) }

    private static func digest(_ bytes: [UInt8]) -> SHA256Digest {
        let digest = PictureDigest()
        digest.update(bytes)
        return digest.finish()
    }
}

/// Why an output cannot be where it would be.
struct ConvertCollision: Error, CustomStringConvertible {
    let description: String
}
