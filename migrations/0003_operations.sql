-- Format version 3: operations (creations, trainings, evaluations) leave records.

-- One row an operation. It goes with its model; states and snapshots are named by value, since they may be gone before.
-- `kind`: createState, train, evaluate. `status`: running, finished, failed; `session_id` is set exactly while it runs, so
-- that whoever removes a dead session knows what died with it. `phase`: of one that runs, where that is told. A creation
-- has the id of the state that it makes. `launcher`, `durations`, `failure` are JSON that the catalog does not look into.
-- `progress`: a number as text. `cancel_requested`: its process ends it when it looks, at the latest at the commit.
-- The last parts of what the processes wrote stand in `standard_output` and `standard_error`.
CREATE TABLE operations (
    id INTEGER PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    model_id INTEGER NOT NULL REFERENCES models (id),
    session_id INTEGER REFERENCES sessions (id),
    base_state TEXT,
    base_snapshot TEXT,
    new_state TEXT,
    new_state_name TEXT,
    launcher TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    finished_at BIGINT,
    status TEXT NOT NULL,
    phase TEXT,
    cancel_requested INTEGER NOT NULL DEFAULT 0,
    progress TEXT,
    durations TEXT NOT NULL,
    failure TEXT,
    standard_output BLOB,
    standard_error BLOB,
    metric_count INTEGER NOT NULL DEFAULT 0,
    metric_bytes BIGINT NOT NULL DEFAULT 0,
    dropped_metrics BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX operations_by_model ON operations (model_id, id);
CREATE INDEX operations_ended ON operations (model_id, kind, id) WHERE session_id IS NULL;
CREATE INDEX operations_running ON operations (session_id) WHERE session_id IS NOT NULL;

-- What training code reports: its metrics by number, in the order in which they first came, and their values.
CREATE TABLE operation_metric_names (
    operation_id INTEGER NOT NULL REFERENCES operations (id),
    metric_number INTEGER NOT NULL,
    name TEXT NOT NULL,
    entry_count INTEGER NOT NULL,
    PRIMARY KEY (operation_id, metric_number),
    UNIQUE (operation_id, name)
);
-- `entry_index` is dense: 0, 1, 2, …; `tensor` are the bytes that the code gave.
CREATE TABLE operation_metrics (
    operation_id INTEGER NOT NULL,
    metric_number INTEGER NOT NULL,
    entry_index INTEGER NOT NULL,
    timestamp BIGINT NOT NULL,
    tensor BLOB NOT NULL,
    PRIMARY KEY (operation_id, metric_number, entry_index),
    FOREIGN KEY (operation_id, metric_number) REFERENCES operation_metric_names (operation_id, metric_number)
);

-- What an operation's processes used. `sample` counts the moments at which it was measured; when there are too many rows,
-- every other one goes. `cpu_milli`: thousandths of a core, since the sample before.
CREATE TABLE operation_usage (
    operation_id INTEGER NOT NULL REFERENCES operations (id),
    sample INTEGER NOT NULL,
    timestamp BIGINT NOT NULL,
    cpu_milli BIGINT NOT NULL,
    memory_bytes BIGINT NOT NULL,
    disk_bytes BIGINT,
    PRIMARY KEY (operation_id, sample)
);
