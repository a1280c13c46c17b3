// The one reader, shared with the night job; this is the only place that names where it lies.
export type { FieldPart, FieldText, PagePart, PageText, ReadingPart, RowsPart } from '../../portal_profiles/reader/types';
export { locate, locateField, read } from '../../portal_profiles/reader/read';
