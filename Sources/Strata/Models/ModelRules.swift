/// Bounds of what a model's options and settings may say.
enum ModelRules {
    static let tagsMax = 100
    static let descriptionBytesMax = 64 << 10
    static let secondsMax = 30 * 24 * 3600

    static func check(_ options: ModelOptions) throws(StrataError) {
        try check(description: options.description)
        try check(options.tags)
        try check(filesystemSizeMebibytes: options.filesystemSizeMebibytes)
        if let settings = options.settings { try check(settings) }
    }

    static func check(description: String) throws(StrataError) {
        guard description.utf8.count <= descriptionBytesMax else {
            throw .invalidParameter(
                "description", "the description has \(description.utf8.count) bytes; at most \(descriptionBytesMax) are allowed")
        }
    }

    static func check(filesystemSizeMebibytes size: Int) throws(StrataError) {
        guard (1...1 << 20).contains(size) else {
            throw .invalidParameter(
                "filesystemSizeMebibytes", "a file system of \(size) MiB is outside 1 to \(1 << 20) MiB")
        }
    }

    static func check(_ tags: [Tag]) throws(StrataError) {
        guard tags.count <= tagsMax else {
            throw .invalidParameter("tags", "\(tags.count) tags were given; at most \(tagsMax) are allowed")
        }
        for tag in tags where tag.tag.isEmpty || tag.tag.utf8.count > 255 || tag.value.utf8.count > 255 {
            throw .invalidParameter("tags", "the tag `\(tag.tag.prefix(40))` is empty, or it or its value passes 255 bytes")
        }
    }

    /// The most entries of one list of a filter.
    static let filterListMax = 1000

    static func check(_ filter: ListFilter) throws(StrataError) {
        let lists = [("owners", filter.owners?.count), ("ids", filter.ids?.count), ("names", filter.names?.count), ("tags", filter.tags.count)]
        for (name, count) in lists where count ?? 0 > filterListMax {
            throw .invalidParameter("filter", "the filter names \(count ?? 0) \(name); at most \(filterListMax) are allowed, ask in parts")
        }
    }

    static func check(_ settings: ModelSettings) throws(StrataError) {
        let durations = settings.maxDurations
        let named = [
            ("codeStartup", durations.codeStartupSeconds), ("instantiateModel", durations.instantiateModelSeconds),
            ("createState", durations.createStateSeconds), ("train", durations.trainSeconds),
            ("evaluate", durations.evaluateSeconds),
        ]
        for (name, seconds) in named where !(1...secondsMax).contains(seconds) {
            throw .invalidParameter("maxDurationsSeconds", "the limit of \(seconds) s for \(name) is outside 1 to \(secondsMax) s")
        }
        try check(settings.createStateLauncher, "defaultLauncherSpecs")
        try check(settings.evaluateLauncher, "defaultLauncherSpecs")
        let definitions = settings.parameterDefinitions
        for list in [definitions.createState, definitions.train, definitions.evaluateInput, definitions.evaluateOutput] {
            try check(list, "parameterDefinitions")
        }
    }

    static func check(_ definitions: [ParameterDefinition], _ parameter: String) throws(StrataError) {
        var names: Set<String> = []
        for definition in definitions {
            guard !definition.name.isEmpty, definition.name.utf8.count <= Names.bytesMax else {
                throw .invalidParameter(parameter, "a definition's name has \(definition.name.utf8.count) bytes; allowed are 1 to \(Names.bytesMax)")
            }
            guard names.insert(definition.name).inserted else {
                throw .invalidParameter(parameter, "`\(definition.name)` is defined twice")
            }
            guard definition.shape.count <= 255, definition.shape.allSatisfy({ $0 >= -1 }) else {
                throw .invalidParameter(parameter, "the shape of `\(definition.name)` has more than 255 dimensions or one below -1")
            }
        }
    }

    static func check(_ spec: LauncherSpec, _ parameter: String) throws(StrataError) {
        guard spec.cpus > 0, spec.cpus.isFinite else {
            throw .invalidParameter(parameter, "a launcher of \(spec.cpus) cpus cannot be made; ask for more than 0")
        }
        if let gpus = spec.gpus, !(1...1 << 16).contains(gpus.count) || gpus.model.utf8.count > Names.bytesMax {
            throw .invalidParameter(parameter, "a launcher with \(gpus.count) gpus cannot be made; ask for at least 1 of a model with a short name")
        }
        for (name, value) in [("memory", spec.memoryMebibytes as Int?), ("disk", spec.diskMebibytes), ("swap", spec.swapMebibytes)] {
            let least = name == "swap" ? 0 : 1
            if let value, value < least {
                throw .invalidParameter(parameter, "a launcher with \(value) MiB of \(name) cannot be made; ask for at least \(least)")
            }
        }
    }
}
