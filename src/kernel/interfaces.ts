// The node's interfaces and addresses, kept current by link and address messages. Names are what people and wishes use,
// indexes are what routes carry; `version` changes whenever their relation does.

import { type Bytes, equalBytes, toHex } from "../base/bytes.js";
import { makePrefix } from "../base/ip.js";
import type { InterfaceAddress } from "../speaker/ports.js";
import type { AddressMessage, LinkMessage } from "./link-message.js";

export class Interfaces {
  /** Grows when an interface appears, goes away or is renamed. */
  version = 1;
  readonly #links = new Map<number, LinkMessage>();
  readonly #indexes = new Map<string, number>();
  #addresses: AddressMessage[] = [];

  /** Takes RTM_NEWLINK. Gives what became of the interface: `lost` means that the kernel silently drops its IPv4 routes. */
  setLink(link: LinkMessage): "lost" | "changed" | "same" {
    const old = this.#links.get(link.index);
    this.#links.set(link.index, link);
    if (old === undefined || old.name !== link.name) {
      if (old !== undefined && this.#indexes.get(old.name) === link.index) this.#indexes.delete(old.name);
      this.#indexes.set(link.name, link.index);
      this.version++;
      return "changed";
    }
    if (old.adminUp && !link.adminUp) return "lost";
    return old.adminUp === link.adminUp && old.carrier === link.carrier ? "same" : "changed";
  }

  /** Takes RTM_DELLINK. */
  removeLink(index: number): void {
    const old = this.#links.get(index);
    if (old === undefined) return;
    this.#links.delete(index);
    if (this.#indexes.get(old.name) === index) this.#indexes.delete(old.name);
    this.#addresses = this.#addresses.filter((address) => address.interfaceIndex !== index);
    this.version++;
  }

  /** Takes RTM_NEWADDR; false if nothing is new in it (IPv6 repeats them for lifetimes). */
  setAddress(message: AddressMessage): boolean {
    const at = this.#find(message);
    if (at < 0) {
      this.#addresses.push(message);
      return true;
    }
    const old = this.#addresses[at];
    this.#addresses[at] = message;
    return old.noPrefixRoute !== message.noPrefixRoute;
  }

  /** Takes RTM_DELADDR; false if it was not known. */
  removeAddress(message: AddressMessage): boolean {
    const at = this.#find(message);
    if (at >= 0) this.#addresses.splice(at, 1);
    return at >= 0;
  }

  /** Takes the outcome of complete dumps; false if all of it was known already. */
  replace(links: readonly LinkMessage[], addresses: readonly AddressMessage[]): boolean {
    const before = this.#describe();
    const namesBefore = [...this.#indexes].sort().join();
    this.#links.clear();
    this.#indexes.clear();
    for (const link of links) {
      this.#links.set(link.index, link);
      this.#indexes.set(link.name, link.index);
    }
    this.#addresses = [...addresses];
    if ([...this.#indexes].sort().join() !== namesBefore) this.version++;
    return this.#describe() !== before;
  }

  indexOf(name: string): number | undefined {
    return this.#indexes.get(name);
  }

  nameOf(index: number): string | undefined {
    return this.#links.get(index)?.name;
  }

  /** Set up and with carrier: a next hop through it can be reached. */
  isUp(name: string): boolean {
    const index = this.#indexes.get(name);
    return index !== undefined && this.isIndexUp(index);
  }

  isIndexUp(index: number): boolean {
    const link = this.#links.get(index);
    return link !== undefined && link.adminUp && link.carrier;
  }

  /** The interface that has this very address. */
  ownerOf(address: Bytes): string | undefined {
    const own = this.#addresses.find(
      (message) =>
        message.address.length === address.length && equalBytes(message.address, 0, address, 0, address.length),
    );
    return own === undefined ? undefined : this.nameOf(own.interfaceIndex);
  }

  /** For the speaker: addresses whose interface is known, whether it is up or not. */
  addresses(): InterfaceAddress[] {
    return this.#addresses.flatMap((message) => {
      const device = this.nameOf(message.interfaceIndex);
      if (device === undefined) return [];
      return [
        { device, address: { bytes: message.address }, prefix: makePrefix(message.prefix, message.prefixLength) },
      ];
    });
  }

  /** Everything that matters to anyone, as text to compare. */
  #describe(): string {
    const links = [...this.#links.values()].map((link) => `${link.index} ${link.name} ${link.adminUp} ${link.carrier}`);
    const addresses = this.#addresses.map(
      (message) =>
        `${message.interfaceIndex} ${toHex(message.address)} ${toHex(message.prefix)}/${message.prefixLength} ${message.noPrefixRoute}`,
    );
    return [...links.sort(), ...addresses.sort()].join("\n");
  }

  #find(wanted: AddressMessage): number {
    return this.#addresses.findIndex(
      (have) =>
        have.interfaceIndex === wanted.interfaceIndex &&
        have.prefixLength === wanted.prefixLength &&
        have.address.length === wanted.address.length &&
        equalBytes(have.address, 0, wanted.address, 0, have.address.length) &&
        equalBytes(have.prefix, 0, wanted.prefix, 0, have.prefix.length),
    );
  }
}
