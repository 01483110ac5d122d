import Glibc
import Strata

/// Looks at the machine that it runs on. Everything here blocks.
struct MachineExamination: Sendable {
    let configuration: ProcessExecutor.Configuration

    typealias Finding = MachineReport.Finding

    func findings() -> [Finding] {
        let places = ControlGroupPlaces.find(preferring: configuration.confinement.controlGroupPath)
        return [
            python(), node(), temporaryRoot(), isolation(), group(.memory, "memory", places, instead: "a watchdog looks and kills"),
            swap(places), group(.cpu, "processors", places, instead: withoutProcessorGroup),
            group(.pids, "processes", places, instead: "a watchdog counts and kills"), disk(), hostDeath(),
        ]
    }

    private func python() -> Finding {
        let path: String
        do {
            path = try PythonInterpreter.find(configuration.pythonPath)
        } catch let failure {
            if case .invalidExecutableFile(let reason)? = failure as? ExecutionFailure {
                return Finding(name: "python", verdict: .missing, text: reason)
            }
            return Finding(name: "python", verdict: .missing, text: "\(failure)")
        }
        let script = "import decthings_model, platform, importlib.metadata as m; print(platform.python_version(), m.version('decthings-model'))"
        let environment = ["PATH": configuration.searchPath, "HOME": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1"]
        let outcome = try? ShortCommand.run(path, ["-c", script], environment: environment)
        let versions = (outcome?.output ?? "").split(whereSeparator: \.isWhitespace)
        guard outcome?.status == .exited(0), versions.count == 2 else {
            let said = outcome?.problem.split(separator: "\n").last.map(String.init) ?? "it said nothing"
            return Finding(
                name: "python", verdict: .missing,
                text: "\(path) cannot load decthings_model: \(said); run `\(path) -m pip install decthings-model`")
        }
        return Finding(name: "python", verdict: .good, text: "\(path), Python \(versions[0]), decthings-model \(versions[1])")
    }

    private func node() -> Finding {
        let node: NodeInterpreter
        do {
            node = try NodeInterpreter.find(configuration)
        } catch let failure {
            guard case .invalidExecutableFile(let reason)? = failure as? ExecutionFailure else {
                return Finding(name: "node", verdict: .limited, text: "\(failure)")
            }
            return Finding(name: "node", verdict: .limited, text: "\(reason); only models in JavaScript and TypeScript need it")
        }
        let outcome = try? ShortCommand.run(node.path, ["--version"], environment: ["PATH": configuration.searchPath])
        guard outcome?.status == .exited(0), let version = outcome?.output.split(separator: "\n").first else {
            return Finding(name: "node", verdict: .limited, text: "\(node.path) cannot be run; models in JavaScript and TypeScript need it")
        }
        return Finding(name: "node", verdict: .good, text: "\(node.path), \(version), runtime \(node.runtimePath)")
    }

    private func temporaryRoot() -> Finding {
        let root = configuration.temporaryRoot
        do {
            try WorkingFolder.make(below: root).remove()
        } catch let failure {
            guard case .unknown(let reason)? = failure as? ExecutionFailure else {
                return Finding(name: "temporaryRoot", verdict: .missing, text: "no folder can be made in \(root): \(failure)")
            }
            return Finding(name: "temporaryRoot", verdict: .missing, text: reason)
        }
        var status = statvfs()
        let free = statvfs(root, &status) == 0 ? Int64(status.f_bavail) * Int64(status.f_frsize) : 0
        let text = "\(root), \(free >> 20) MiB free, sockets' paths of \(root.utf8.count + WorkingFolder.socketNameBytes) "
            + "of at most \(WorkingFolder.socketPathBytesMax - 1) bytes"
        guard let wanted = configuration.confinement.diskMebibytesDefault, free >> 20 < wanted else {
            return Finding(name: "temporaryRoot", verdict: .good, text: text)
        }
        return Finding(name: "temporaryRoot", verdict: .limited, text: text + "; a session may take \(wanted) MiB")
    }

    private func isolation() -> Finding {
        switch Bubblewrap.find(searchPath: configuration.searchPath) {
        case .works(let bubblewrap):
            let weak = bubblewrap.resetsSignals ? "" : "; models cannot be asked to end, only killed, since env is too old"
            return Finding(
                name: "isolation", verdict: weak.isEmpty ? .good : .limited,
                text: "\(bubblewrap.path) makes namespaces\(bubblewrap.isolatesUsers ? ", of users too" : " but none of users")\(weak)")
        case .fails(let reason):
            return Finding(
                name: "isolation", verdict: configuration.confinement.isolation == .required ? .missing : .limited,
                text: "\(reason); models may read and write what this user may")
        }
    }

    private func group(
        _ controller: GroupController, _ name: String, _ places: ControlGroupPlaces, instead: String
    ) -> Finding {
        if let place = places.places.first(where: { $0.controllers.contains(controller) }) {
            return Finding(
                name: name, verdict: .good, text: "limited by control groups of version \(place.version.rawValue) in \(place.folder)")
        }
        return Finding(name: name, verdict: .limited, text: "no control group (\(places.reasons(against: controller))); \(instead)")
    }

    private var withoutProcessorGroup: String {
        Executables.find("taskset", in: configuration.searchPath + ":/usr/bin:/bin") == nil
            ? "nothing limits processors: the command taskset is not installed either (package util-linux)"
            : "taskset keeps a model on whole processors"
    }

    private func swap(_ places: ControlGroupPlaces) -> Finding {
        guard let place = places.places.first(where: { $0.controllers.contains(.memory) }) else {
            return Finding(name: "swap", verdict: .limited, text: "not limited without a memory control group")
        }
        let file = place.version == .one ? "memory.memsw.limit_in_bytes" : "memory.swap.max"
        do {
            let bounds = ProcessBounds(LauncherSpec(memoryMebibytes: 64), configuration.confinement)
            let group = try ControlGroup.make(in: [place], bounds: bounds)
            defer { group.remove() }
            if access(group.parts[0].folder + "/" + file, W_OK) == 0 {
                return Finding(name: "swap", verdict: .good, text: "limited by \(file)")
            }
        } catch {
            return Finding(name: "swap", verdict: .limited, text: "\(error)")
        }
        return Finding(name: "swap", verdict: .limited, text: "the kernel does not account for it; models may swap where there is swap")
    }

    private func disk() -> Finding {
        let most = configuration.confinement.diskMebibytesDefault.map { "\($0) MiB unless the launcher says otherwise" }
        return Finding(
            name: "disk", verdict: .good, text: "scratch folders are measured by a watchdog, single files limited by the kernel: "
                + (most ?? "only where the launcher says how much"))
    }

    private func hostDeath() -> Finding {
        if case .works = Bubblewrap.find(searchPath: configuration.searchPath), configuration.confinement.isolation != .none {
            return Finding(name: "hostDeath", verdict: .good, text: "models die with a killed host, by bwrap")
        }
        if let path = Executables.find(HostDeath.command, in: configuration.searchPath + ":/usr/bin:/bin") {
            return Finding(name: "hostDeath", verdict: .good, text: "models die with a killed host, by \(path)")
        }
        return Finding(
            name: "hostDeath", verdict: .limited,
            text: "the command setpriv is not installed (package util-linux); after a killed host models live until they look at their socket")
    }
}
