// Big-endian access to octets, as BGP puts them on the wire (RFC 4271 §4).
//
// Readers are plain functions over (bytes, offset), so that the hot path allocates nothing; they do not check
// bounds, the callers do. ByteWriter is a growing buffer for everything that is encoded off the hot path.

export type Bytes = Uint8Array;

/** Unsigned 16-bit integer at `at`. */
export function readU16(bytes: Bytes, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1];
}

/** Unsigned 32-bit integer at `at`. */
export function readU32(bytes: Bytes, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}

/** Signed 32-bit integer at `at`: the form in which the tables of the RIB keep addresses. */
export function readI32(bytes: Bytes, at: number): number {
  return (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
}

/** Writes the low 16 bits of `value` at `at`. */
export function writeU16(bytes: Bytes, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

/** Writes the low 32 bits of `value` (signed or unsigned) at `at`. */
export function writeU32(bytes: Bytes, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** Compares two ranges of equal length. */
export function equalBytes(a: Bytes, aAt: number, b: Bytes, bAt: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (a[aAt + i] !== b[bAt + i]) return false;
  return true;
}

/** Lower-case hexadecimal text of a range, without separators. */
export function toHex(bytes: Bytes, start = 0, end = bytes.length): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("hex");
}

/** Octets of hexadecimal text; white space, ":" and "|" between octets are ignored. Throws RangeError on anything else. */
export function fromHex(text: string): Bytes {
  const digits = text.replace(/[\s:|]+/g, "");
  if (digits.length % 2 !== 0 || /[^0-9a-fA-F]/.test(digits)) throw new RangeError("not hexadecimal octets");
  return Uint8Array.from(Buffer.from(digits, "hex"));
}

/** A growing output buffer. `bytes` is owned by the writer and replaced when it grows; `finish` gives a copy. */
export class ByteWriter {
  bytes: Bytes;
  length = 0;

  constructor(capacity = 256) {
    this.bytes = new Uint8Array(capacity);
  }

  /** Makes room for `count` more octets and gives the offset where they start. The caller fills them. */
  reserve(count: number): number {
    const at = this.length;
    const needed = at + count;
    if (needed > this.bytes.length) {
      const larger = new Uint8Array(Math.max(needed, this.bytes.length * 2));
      larger.set(this.bytes.subarray(0, at));
      this.bytes = larger;
    }
    this.length = needed;
    return at;
  }

  u8(value: number): this {
    const at = this.reserve(1);
    this.bytes[at] = value;
    return this;
  }

  u16(value: number): this {
    const at = this.reserve(2); // may replace `bytes`
    writeU16(this.bytes, at, value);
    return this;
  }

  u32(value: number): this {
    const at = this.reserve(4);
    writeU32(this.bytes, at, value);
    return this;
  }

  append(source: Bytes, start = 0, end = source.length): this {
    const at = this.reserve(end - start);
    this.bytes.set(source.subarray(start, end), at);
    return this;
  }

  /** Overwrites a length field written earlier. */
  patchU8(at: number, value: number): void {
    this.bytes[at] = value;
  }

  patchU16(at: number, value: number): void {
    writeU16(this.bytes, at, value);
  }

  clear(): void {
    this.length = 0;
  }

  /** A copy of what was written, owned by the caller. */
  finish(): Bytes {
    return this.bytes.slice(0, this.length);
  }
}
