import { createNamespaces, run } from './namespaces.ts';
import { CLIENTS, type FleetNetwork, type Host, LISTENERS, type NetworkPorts } from './network.ts';
import { disturbPrivate } from './private-faults.ts';

/** On no cable: whatever is sent there is sent on. */
const FRONT = '10.77.0.1';
/** HAProxy's, which is a program of the balancer's own. */
const PROXY_FRONT = '10.77.0.2';
const PRIVATE = '10.88.0';
const CROWD_BASE = '10.79.0.0';
const CROWD_BITS = 20;

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/**
 * One namespace a machine, each with a cable to the balancer, where the kernel translates addresses: the first packet
 * of a connection decides which listener has it. Only its destination is translated, so a listener sees the client's
 * own address. Listeners have a network among themselves as well.
 */
export async function openRoutedNetwork({ control, implicit, passive }: NetworkPorts): Promise<FleetNetwork> {
  const namespaces = createNamespaces('fleet');
  const { within, name, add } = namespaces;
  const ip = (role: string, words: string): void => void run(['ip', '-n', name(role), ...words.split(' ')]);
  const set = (role: string, setting: string, value: string): void =>
    void run([...within(role), 'sh', '-c', 'echo "$2" > "/proc/sys/net/$1"', 'sh', setting, value]);
  const ports = `${control}, ${implicit}, ${passive.first}-${passive.last}`;

  /** Its way to everywhere is the balancer. */
  const join = (role: string, network: string): Host => {
    add(role);
    ip('balancer', `link add ${role} type veth peer name public netns ${name(role)}`);
    ip('balancer', `address add ${network}.1/24 dev ${role}`);
    ip('balancer', `link set ${role} up`);
    ip(role, `address add ${network}.2/24 dev public`);
    ip(role, 'link set public up');
    ip(role, `route add default via ${network}.1`);
    // What a machine dials by itself must not take a port that it is to listen at.
    set(role, 'ipv4/ip_local_reserved_ports', ports.replaceAll(' ', ''));
    return { address: `${network}.2`, privateAddress: `${network}.2`, within: within(role) };
  };
  const joinPrivate = (role: string, index: number): string => {
    const address = `${PRIVATE}.${10 + index}`;
    ip('balancer', `link add private${index} type veth peer name private netns ${name(role)}`);
    ip('balancer', `link set private${index} master private up`);
    ip(role, `address add ${address}/24 dev private`);
    ip(role, 'link set private up');
    return address;
  };

  const build = (): FleetNetwork => {
    add('balancer');
    set('balancer', 'ipv4/ip_forward', '1');
    ip('balancer', `address add ${FRONT}/32 dev lo`);
    ip('balancer', `address add ${PROXY_FRONT}/32 dev lo`);
    ip('balancer', 'link add private type bridge');
    ip('balancer', `address add ${PRIVATE}.1/24 dev private`);
    ip('balancer', 'link set private up');

    const listeners = numbers(LISTENERS).map((index) => {
      const role = `listener${index}`;
      return { ...join(role, `10.77.${index + 1}`), privateAddress: joinPrivate(role, index) };
    });
    const clients = numbers(CLIENTS).map((index) => join(`client${index}`, `10.78.${index + 1}`));
    const crowd = join('crowd', '10.78.0');
    ip('crowd', `route add local ${CROWD_BASE}/${CROWD_BITS} dev lo`);
    ip('balancer', `route add ${CROWD_BASE}/${CROWD_BITS} via ${crowd.address}`);

    return {
      kind: 'namespaces',
      front: FRONT,
      proxyFront: PROXY_FRONT,
      inside: { address: FRONT, privateAddress: `${PRIVATE}.1`, within: within('balancer') },
      listeners,
      clients,
      crowd: { ...crowd, base: CROWD_BASE },
      async balance(living) {
        const targets = living.map((index, turn) => `${turn} : ${listeners[index]!.address}`).join(', ');
        const translate = `dnat to numgen random mod ${living.length} map { ${targets} }`;
        const rules = `
          table ip balance
          delete table ip balance
          table ip balance {
            chain arriving {
              type nat hook prerouting priority dstnat
              ip daddr ${FRONT} tcp dport { ${ports} } ${translate}
            }
          }
        `;
        run([...within('balancer'), 'nft', '-f', '-'], rules);
      },
      async disturb(fault, port) {
        for (const listener of listeners) disturbPrivate(listener.within, fault, port);
      },
      close: async () => namespaces.remove(),
    };
  };

  try {
    const network = build();
    await network.balance(numbers(LISTENERS));
    return network;
  } catch (thrown) {
    namespaces.remove();
    throw thrown;
  }
}
