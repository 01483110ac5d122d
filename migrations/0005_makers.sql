-- Format version 5: what else a key made, and the bytes of entries that need review.

-- As in `models` and `states`: the public id of the key that made it, by value; NULL: nobody showed one.
ALTER TABLE snapshots ADD COLUMN made_by TEXT;
ALTER TABLE datasets ADD COLUMN made_by TEXT;
ALTER TABLE operations ADD COLUMN made_by TEXT;
CREATE INDEX snapshots_by_maker ON snapshots (made_by) WHERE made_by IS NOT NULL;
CREATE INDEX datasets_by_maker ON datasets (made_by) WHERE made_by IS NOT NULL;

-- Beside `entries_bytes`, which is of the finished entries.
ALTER TABLE datasets ADD COLUMN review_bytes BIGINT NOT NULL DEFAULT 0;
UPDATE datasets SET review_bytes = (
    SELECT coalesce(sum(size_bytes), 0) FROM dataset_items WHERE dataset_id = datasets.id AND folder = 1
);
