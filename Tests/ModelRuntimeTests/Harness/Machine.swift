@testable import ModelRuntime

/// What tests can ask of this machine.
enum Machine {
    private static let places = ControlGroupPlaces.find()

    static let groupsMemory = places.controllers.contains(.memory)
    static let groupsProcessors = places.controllers.contains(.cpu)
    static let groupsProcesses = places.controllers.contains(.pids)
    static let holdsProcessesTogether = !places.places.isEmpty

    static let isolates =
        if case .works = Bubblewrap.find(searchPath: "/usr/bin") { true } else { false }

    static let isolatesUsers =
        if case .works(let bubblewrap) = Bubblewrap.find(searchPath: "/usr/bin") { bubblewrap.isolatesUsers } else { false }

    static let hasSystemPython = Executables.isExecutable("/usr/bin/python3")

    static let hasTaskset = Executables.find("taskset", in: "/usr/bin:/bin") != nil
}
