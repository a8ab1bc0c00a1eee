/**
 * What of a module's API can be called by message, as types: the compiler refuses what can't travel, and says why.
 * `calls.ts` says what the rules are for.
 */
import type { Json, JsonFloat, JsonObject } from "../../core/encoding/mod.ts";

/** Answers once, or again and again. */
export type CallForm = "call" | "stream";

/** What there is to call, whatever the types are. */
export type AnyCallTable = null | { readonly [name: string]: CallForm | AnyCallTable };

/** Why a method can't be called by message. Nothing has this type: the compiler shows it where a form is expected. */
export type Refused<Why extends string> = { readonly [Reason in Why]: never };

type IsAny<T> = 0 extends 1 & T ? true : false;
type IsSame<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false;
type Primitive = string | number | bigint | boolean | null | undefined | void;

/** What is left of a type when all that can't travel is taken out. */
type Plain<T> = IsAny<T> extends true ? never
  : T extends Primitive | Uint8Array | JsonFloat ? T
  // it contains itself: looking into it would have no end
  : IsSame<T, readonly Json[]> extends true ? T
  : IsSame<T, JsonObject> extends true ? T
  : T extends (...args: never[]) => unknown ? never
  : T extends Map<infer Key, infer Value> ? Map<Plain<Key>, Plain<Value>>
  : T extends ReadonlyMap<infer Key, infer Value> ? ReadonlyMap<Plain<Key>, Plain<Value>>
  : T extends Set<infer Value> ? Set<Plain<Value>>
  : T extends ReadonlySet<infer Value> ? ReadonlySet<Plain<Value>>
  : T extends object ? { [Name in keyof T]: Plain<T[Name]> }
  : never;

/** Private members are seen only from the other side: what lacks them is no object of their class. */
type IsPlain<T> = [T] extends [Plain<T>] ? [Plain<T>] extends [T] ? true : false
  : false;

/** Parameters but for a signal at the end. */
type Data<Args extends readonly unknown[]> = Required<Args> extends readonly [...infer Before, infer Last]
  ? IsAny<Last> extends true ? Args : [Exclude<Last, undefined>] extends [AbortSignal] ? Before : Args
  : Args;

/**
 * The form of a method, by its parameters and what it returns.
 * @internal
 */
export type FormOf<Args extends readonly unknown[], Returned> = IsPlain<Data<Args>> extends false
  ? Refused<"a parameter of it is no plain data">
  : Returned extends Promise<infer Value>
    ? IsPlain<Value> extends true ? "call" : Refused<"what it resolves with is no plain data">
  : Returned extends AsyncIterable<infer Item>
    ? IsPlain<Item> extends true ? "stream" : Refused<"what it tells is no plain data">
  : Refused<"it returns neither a promise nor an async iterable">;

/**
 * What applications may call of an API: each of its methods by its form, objects of methods likewise. Null for a module
 * that offers nothing. What can't be called by message doesn't compile.
 */
export type CallTable<Api> = 0 extends 1 & Api ? AnyCallTable
  : Api extends null ? null
  : {
    readonly [Name in keyof Api]: Api[Name] extends (...args: infer Args) => infer Returned ? FormOf<Args, Returned>
      : Api[Name] extends readonly unknown[] ? Refused<"it is no method">
      : Api[Name] extends object ? CallTable<Api[Name]>
      : Refused<"it is no method">;
  };
