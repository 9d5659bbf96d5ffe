-- unsettled  whether messages may have been seen that are not stored: a server that delivers them before they are
--            stored is at work, or ended before it could store them all
ALTER TABLE server ADD COLUMN unsettled INTEGER NOT NULL DEFAULT 0 CHECK (unsettled IN (0, 1));
