"""The revisions, in order of their numbers. A published revision is never edited: add the next one."""
