/** A network between browser and server that can be cut: a simple relay of TCP connections. */
import * as net from 'net';

/** Listens on its own port, which stands in for the server's. */
export class Wire {
  private constructor(server: net.Server, port: number) {
    this._server = server;
    this.url = `http://127.0.0.1:${port}`;
  }

  /**
   * A relay to a server.
   *
   * @param port - where the server listens.
   */
  static async to(port: number): Promise<Wire> {
    const server = net.createServer();
    await new Promise<void>(listening =>
      server.listen(0, '127.0.0.1', listening)
    );
    const wire = new Wire(server, (server.address() as net.AddressInfo).port);
    server.on('connection', socket => wire._join(socket, port));
    return wire;
  }

  /** The address that replaces the server's. */
  readonly url: string;

  /** Drop all connections silently, and accept no new ones. */
  cut(): void {
    this._isCut = true;
    this._sockets.forEach(socket => socket.destroy());
  }

  /** Accept connections again. */
  mend(): void {
    this._isCut = false;
  }

  /** Close the relay. */
  async close(): Promise<void> {
    this.cut();
    await new Promise(closed => this._server.close(closed));
  }

  private _join(near: net.Socket, port: number): void {
    if (this._isCut) {
      near.destroy();
      return;
    }
    const far = net.connect(port, '127.0.0.1');
    near.setNoDelay(true);
    far.setNoDelay(true);
    near.pipe(far).pipe(near);
    for (const [socket, other] of [
      [near, far],
      [far, near]
    ]) {
      this._sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        this._sockets.delete(socket);
        other.destroy();
      });
    }
  }

  private readonly _server: net.Server;
  private readonly _sockets = new Set<net.Socket>();
  private _isCut = false;
}
