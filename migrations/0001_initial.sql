-- Format version 1. Frozen once released: later changes go into a new numbered file.
-- Times are milliseconds since 1970-01-01 UTC. `public_id` is the id that users see (lower-case UUID);
-- `id` is the row's own number. A `sequence` is the store's transaction counter, never a clock.

CREATE TABLE store (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    store_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    sequence INTEGER NOT NULL
);

-- Immutable pack files. `dead_bytes`: stored bytes in the file that no row of `chunks` places there (any more).
CREATE TABLE packs (
    id INTEGER PRIMARY KEY,
    name BLOB NOT NULL UNIQUE,
    size_bytes INTEGER NOT NULL,
    chunk_count INTEGER NOT NULL,
    stored_bytes INTEGER NOT NULL,
    dead_bytes INTEGER NOT NULL
);

-- One row a chunk. The digest stands in two parts: eight bytes (big-endian, as a signed number) are indexed, which
-- keeps the index small; the other 24 are compared. `refs` counts places in chunk lists plus differences that have
-- this chunk as their base. `checksum` is the CRC-32C of the stored bytes. At zero refs `condemned_at` holds the sequence of the transaction that dropped the last one.
CREATE TABLE chunks (
    id INTEGER PRIMARY KEY,
    digest_head BIGINT NOT NULL,
    digest_tail BLOB NOT NULL,
    pack_id INTEGER NOT NULL REFERENCES packs (id),
    pack_offset BIGINT NOT NULL,
    stored_bytes INTEGER NOT NULL,
    raw_bytes INTEGER NOT NULL,
    encoding BIGINT NOT NULL,
    checksum BIGINT NOT NULL,
    base_id INTEGER REFERENCES chunks (id),
    refs INTEGER NOT NULL,
    condemned_at BIGINT
);
CREATE INDEX chunks_by_digest ON chunks (digest_head);
CREATE INDEX chunks_by_base ON chunks (base_id) WHERE base_id IS NOT NULL;
CREATE INDEX chunks_condemned ON chunks (condemned_at) WHERE condemned_at IS NOT NULL;

-- The bytes under a key, a file's content, a dataset's item: stored once for equal bytes and cuts.
-- Small values lie in `inline_bytes`; others are the concatenation of their chunk list.
CREATE TABLE stored_values (
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    size_bytes BIGINT NOT NULL,
    chunk_count INTEGER NOT NULL,
    inline_bytes BLOB,
    refs INTEGER NOT NULL,
    condemned_at BIGINT
);
-- For finding a value that a new one of the same length may resemble.
CREATE INDEX stored_values_by_size ON stored_values (size_bytes) WHERE chunk_count > 0;
CREATE INDEX stored_values_condemned ON stored_values (condemned_at) WHERE condemned_at IS NOT NULL;

-- A chunk list in segments, each a compact run of (chunk id, raw length) pairs; FORMAT.md has the bytes.
CREATE TABLE chunk_lists (
    value_id INTEGER NOT NULL REFERENCES stored_values (id),
    first_offset BIGINT NOT NULL,
    first_chunk INTEGER NOT NULL,
    chunk_count INTEGER NOT NULL,
    entries BLOB NOT NULL,
    PRIMARY KEY (value_id, first_offset)
);

-- The keys of a state. Immutable and shared: a snapshot names the same key set as the state that it was made from.
CREATE TABLE key_sets (
    id INTEGER PRIMARY KEY,
    key_count INTEGER NOT NULL,
    size_bytes BIGINT NOT NULL
);
CREATE TABLE key_set_entries (
    key_set_id INTEGER NOT NULL REFERENCES key_sets (id),
    position INTEGER NOT NULL,
    key TEXT NOT NULL,
    value_id INTEGER NOT NULL REFERENCES stored_values (id),
    PRIMARY KEY (key_set_id, position)
);
CREATE UNIQUE INDEX key_set_entries_by_key ON key_set_entries (key_set_id, key);
CREATE INDEX key_set_entries_by_value ON key_set_entries (value_id);

-- A model's files. Shared by models, snapshots and pins; copied (same inode numbers) before a change when shared.
-- `version` counts changes: equal id and version mean equal files.
CREATE TABLE filesystems (
    id INTEGER PRIMARY KEY,
    size_mebibytes INTEGER NOT NULL,
    next_inode BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE TABLE inodes (
    filesystem_id INTEGER NOT NULL REFERENCES filesystems (id),
    inode BIGINT NOT NULL,
    mode INTEGER NOT NULL,
    link_count INTEGER NOT NULL,
    size_bytes BIGINT NOT NULL,
    value_id INTEGER REFERENCES stored_values (id),
    symlink_target BLOB,
    accessed_at_ns BIGINT NOT NULL,
    modified_at_ns BIGINT NOT NULL,
    changed_at_ns BIGINT NOT NULL,
    PRIMARY KEY (filesystem_id, inode)
);
CREATE INDEX inodes_by_value ON inodes (value_id) WHERE value_id IS NOT NULL;
CREATE TABLE directory_entries (
    filesystem_id INTEGER NOT NULL,
    parent_inode BIGINT NOT NULL,
    name BLOB NOT NULL,
    inode BIGINT NOT NULL,
    PRIMARY KEY (filesystem_id, parent_inode, name),
    FOREIGN KEY (filesystem_id, inode) REFERENCES inodes (filesystem_id, inode)
);

-- `settings` is JSON that the catalog does not look into. `based_on_*` are kept by value: the snapshot may be gone.
CREATE TABLE models (
    id INTEGER PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    public_access INTEGER NOT NULL,
    created_at BIGINT NOT NULL,
    settings TEXT NOT NULL,
    filesystem_id INTEGER REFERENCES filesystems (id),
    based_on_model TEXT,
    based_on_snapshot TEXT,
    active_state_id INTEGER REFERENCES states (id) DEFERRABLE INITIALLY DEFERRED,
    UNIQUE (owner, name)
);
CREATE INDEX models_by_created_at ON models (created_at, id);
CREATE INDEX models_by_filesystem ON models (filesystem_id);
CREATE INDEX models_by_active_state ON models (active_state_id);
CREATE TABLE model_tags (
    model_id INTEGER NOT NULL REFERENCES models (id),
    position INTEGER NOT NULL,
    tag TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (model_id, position)
);
CREATE INDEX model_tags_by_tag ON model_tags (tag, value);

-- `lineage` and `mounts` are JSON lists: the training operations that led here, the models that were mounted.
CREATE TABLE states (
    id INTEGER PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE,
    model_id INTEGER NOT NULL REFERENCES models (id),
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    key_set_id INTEGER NOT NULL REFERENCES key_sets (id),
    base_state TEXT,
    lineage TEXT NOT NULL,
    mounts TEXT NOT NULL,
    being_deleted INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX states_by_model ON states (model_id, id);
CREATE INDEX states_by_key_set ON states (key_set_id);

CREATE TABLE snapshots (
    id INTEGER PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE,
    model_id INTEGER NOT NULL REFERENCES models (id),
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    settings TEXT NOT NULL,
    filesystem_id INTEGER NOT NULL REFERENCES filesystems (id),
    state_name TEXT NOT NULL,
    key_set_id INTEGER NOT NULL REFERENCES key_sets (id),
    mounts TEXT NOT NULL
);
CREATE INDEX snapshots_by_model ON snapshots (model_id, id);
CREATE INDEX snapshots_by_key_set ON snapshots (key_set_id);
CREATE INDEX snapshots_by_filesystem ON snapshots (filesystem_id);

-- `entry_count` and `entries_bytes` are of the finished entries.
CREATE TABLE datasets (
    id INTEGER PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    public_access INTEGER NOT NULL,
    created_at BIGINT NOT NULL,
    keys TEXT NOT NULL,
    version_id TEXT NOT NULL,
    entry_count INTEGER NOT NULL DEFAULT 0,
    entries_bytes BIGINT NOT NULL DEFAULT 0,
    UNIQUE (owner, name)
);
CREATE INDEX datasets_by_created_at ON datasets (created_at, id);
-- The names of `keys`, in their order: what `dataset_items.key_index` counts.
CREATE TABLE dataset_keys (
    dataset_id INTEGER NOT NULL REFERENCES datasets (id),
    key_index INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (dataset_id, key_index)
);
CREATE TABLE dataset_tags (
    dataset_id INTEGER NOT NULL REFERENCES datasets (id),
    position INTEGER NOT NULL,
    tag TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (dataset_id, position)
);
-- `folder`: 0 the entries, 1 those that need review. Positions are dense: 0, 1, 2, …
CREATE TABLE dataset_items (
    dataset_id INTEGER NOT NULL REFERENCES datasets (id),
    folder INTEGER NOT NULL,
    position INTEGER NOT NULL,
    key_index INTEGER NOT NULL,
    value_id INTEGER NOT NULL REFERENCES stored_values (id),
    element_type TEXT NOT NULL,
    shape TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    PRIMARY KEY (dataset_id, folder, position, key_index)
);
CREATE INDEX dataset_items_by_value ON dataset_items (value_id);

-- A session is one open store: its staging folder is `staging/<token>/`, its lock file there says whether it lives.
CREATE TABLE sessions (
    id INTEGER PRIMARY KEY,
    token TEXT NOT NULL UNIQUE,
    process_id INTEGER NOT NULL,
    opened_at BIGINT NOT NULL
);
-- What a session uses and may not lose: a mount's key set and files.
CREATE TABLE pins (
    id INTEGER PRIMARY KEY,
    session_id INTEGER NOT NULL REFERENCES sessions (id),
    state_id INTEGER REFERENCES states (id),
    key_set_id INTEGER REFERENCES key_sets (id),
    filesystem_id INTEGER REFERENCES filesystems (id)
);
CREATE INDEX pins_by_session ON pins (session_id);
CREATE INDEX pins_by_state ON pins (state_id);
CREATE INDEX pins_by_key_set ON pins (key_set_id);
CREATE INDEX pins_by_filesystem ON pins (filesystem_id);
-- States that are being created now.
CREATE TABLE creations (
    id INTEGER PRIMARY KEY,
    state_public_id TEXT NOT NULL UNIQUE,
    model_id INTEGER NOT NULL REFERENCES models (id),
    session_id INTEGER NOT NULL REFERENCES sessions (id),
    name TEXT NOT NULL,
    started_at BIGINT NOT NULL
);
CREATE INDEX creations_by_model ON creations (model_id);
CREATE INDEX creations_by_session ON creations (session_id);
