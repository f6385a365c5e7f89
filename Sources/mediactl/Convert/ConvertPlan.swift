import MediaModel
import NIOPosix

/// What a conversion will read and where it will write, decided before anything is written.
struct ConvertPlan: Sendable {
    /// One picture and the folder and stem of its renditions.
    struct Job: Sendable {
        let path: String
        let format: PictureFormat
        /// Below the output folder; empty for the output folder itself.
        let folder: String
        /// The file's name without its extension.
        let stem: String
    }

    /// What a job makes, and where.
    struct Target: Sendable {
        let folder: String
        let presets: [Preset]
    }

    /// A file that is no job, and why.
    struct LeftOut: Sendable {
        let path: String
        let reason: String
        /// Whether somebody asked for it: it was named, or cannot be read. Else it lay in a folder and is no picture.
        let isRefused: Bool
    }

    private(set) var jobs: [Job] = []
    private(set) var leftOut: [LeftOut] = []
    let output: String
    let presets: [Preset]

    /// - Throws: ``ConvertFailure`` where two pictures have one output, or one has another's source as its output.
    static func make(_ paths: [String], output: String, presets: [Preset]) async throws -> ConvertPlan {
        var plan = ConvertPlan(output: output, presets: presets)
        // Looking up names blocks, as reading does.
        let threads = NIOThreadPool.singleton
        let files = try await threads.runIfActive { SourceTree.files(at: paths, except: output) }
        for file in files { await plan.add(file) }
        let complete = plan
        try await threads.runIfActive { try complete.checkOutputs() }
        return complete
    }

    private init(output: String, presets: [Preset]) {
        self.output = output
        self.presets = presets
    }

    /// `thumbnail` of `photos/2024/a.jpg` is `a.thumbnail.webp`.
    static func fileName(_ stem: String, _ preset: Preset) -> String {
        "\(stem).\(preset.name).\(preset.recipe.format.fileExtension)"
    }

    func target(of job: Job) -> Target {
        Target(folder: job.folder.isEmpty ? self.output : "\(self.output)/\(job.folder)", presets: self.presets)
    }

    private mutating func add(_ file: SourceTree.File) async {
        do {
            guard let format = try await SourceFile.open(file.path).sniff() else {
                let reason = "is no JPEG, PNG, GIF, WebP, HEIC or AVIF picture"
                self.leftOut.append(LeftOut(path: file.path, reason: reason, isRefused: file.isNamed))
                return
            }
            self.jobs.append(Job(path: file.path, format: format, folder: file.folder, stem: Self.stem(of: file.path)))
        } catch {
            self.leftOut.append(LeftOut(path: file.path, reason: "\(error)", isRefused: true))
        }
    }

    private static func stem(of path: String) -> String {
        let name = path.split(separator: "/").last ?? ""
        guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return String(name) }
        return String(name[..<dot])
    }

    /// `a.jpg` and `a.png` in one folder would take turns in one output, and which one stays would be a matter of luck.
    private func checkOutputs() throws {
        var owners: [String: String] = [:]
        let sources = Dictionary(self.jobs.map { (SourceTree.canonical($0.path), $0.path) }) { first, _ in first }
        for job in self.jobs {
            let folder = SourceTree.canonical(self.target(of: job).folder)
            for preset in self.presets {
                let path = "\(folder)/\(Self.fileName(job.stem, preset))"
                if let other = owners.updateValue(job.path, forKey: path) {
                    throw ConvertFailure(
                        "\(other) and \(job.path) would both become \(path); nothing was written. "
                            + "Rename one of them or convert them into two folders"
                    )
                }
                if let source = sources[path] {
                    throw ConvertFailure(
                        "a rendition of \(job.path) would overwrite \(source), which is to be converted too; nothing "
                            + "was written. Give another folder with --out"
                    )
                }
            }
        }
    }
}

/// Why a conversion does not begin, and what to do.
struct ConvertFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
