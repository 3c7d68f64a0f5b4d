/** What a module works by: its settings as they were decoded, which no module changes. */
import type { z } from 'zod';

type Unchanging<T> = T extends string | number | boolean | undefined
  ? T
  : T extends readonly (infer Entry)[]
    ? readonly Unchanging<Entry>[]
    : { readonly [Key in keyof T]: Unchanging<T[Key]> };

/** Of a schema, or of a part of a section: settings by their names. */
export type Decoded<Source> = Source extends z.ZodType
  ? Unchanging<z.output<Source>>
  : Source extends z.ZodRawShape
    ? Unchanging<z.output<z.ZodObject<Source>>>
    : never;
