public import Strata

extension ScriptedExecutor {
    /// Everything that one call of `createModelState` or `instantiateModel` could see.
    public struct Call: Sendable {
        public struct Parameter: Hashable, Sendable {
            public let name: String
            public let items: [[UInt8]]
        }

        public struct Mounted: Hashable, Sendable {
            public let modelID: ModelID
            public let state: [Parameter]
            public let files: FolderListing
        }

        public let code: ModelCode
        public let codeFiles: FolderListing?
        public let parameters: [Parameter]
        public let mounts: [Mounted]
        /// The keys of the state that was loaded; nil for a creation.
        public let state: [Parameter]?

        init(_ call: InstantiateModelCall, code: ModelCode, codeFiles: FolderListing?) async throws {
            self.code = code
            self.codeFiles = codeFiles
            parameters = []
            var state: [Parameter] = []
            for key in call.state { state.append(try await Parameter(key)) }
            self.state = state
            mounts = try await Self.mounts(call.otherModels)
        }

        init(_ call: CreateModelStateCall, code: ModelCode, codeFiles: FolderListing?) async throws {
            self.code = code
            self.codeFiles = codeFiles
            var parameters: [Parameter] = []
            for parameter in call.parameters { parameters.append(try await Parameter(parameter)) }
            self.parameters = parameters
            state = nil
            mounts = try await Self.mounts(call.otherModels)
        }

        private static func mounts(_ models: [MountedModel]) async throws -> [Mounted] {
            var mounts: [Mounted] = []
            for model in models {
                var state: [Parameter] = []
                for key in model.state { state.append(try await Parameter(key)) }
                mounts.append(Mounted(modelID: model.modelID, state: state, files: try await model.files.listing()))
            }
            return mounts
        }
    }
}

extension ScriptedExecutor.Call.Parameter {
    /// Reads all items, and holds their sizes against what was announced.
    init(_ parameter: CallParameter) async throws {
        name = parameter.name
        let source = parameter.items
        let sizes = try await source.sizesBytes(of: 0..<source.itemCount)
        var items: [[UInt8]] = []
        for item in 0..<source.itemCount {
            let bytes = try await source.bytes(of: item)
            guard Int64(bytes.count) == sizes[item] else { throw SizeMismatch(item: item, announced: sizes[item], read: bytes.count) }
            items.append(bytes)
        }
        guard source.totalSizeBytes == sizes.reduce(0, +) else {
            throw SizeMismatch(item: -1, announced: source.totalSizeBytes, read: Int(sizes.reduce(0, +)))
        }
        self.items = items
    }
}

/// An item source announced another size than it has; `item` is -1 for the total.
struct SizeMismatch: Error {
    let item: Int
    let announced: Int64
    let read: Int
}

extension MountedFiles {
    /// Lays the files out in a temporary folder and reads them back.
    public func listing() async throws -> FolderListing {
        try await withTemporaryFolder { folder in
            try await layOut(in: folder)
            return try FolderListing(of: folder)
        }
    }
}
