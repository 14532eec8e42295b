import { type ReactNode, useId } from 'react';
import { Dialog, Heading, Modal, ModalOverlay } from 'react-aria-components';
import { Avatar } from '../../room/view/avatar.tsx';
import type { Peer } from '../state/calls-state.ts';
import './ring.css';

/**
 * A call that has not begun. It takes the focus itself and not one of its
 * buttons: whoever is writing when it rings neither answers nor declines with
 * the next letter. It stays until something is decided.
 */
export function CallDialog({
  title,
  detail,
  peer,
  isRinging,
  children,
  buttons,
}: {
  title: string;
  /** Read out with the title; said again when it changes. */
  detail: string;
  peer: Peer;
  isRinging: boolean;
  children?: ReactNode;
  buttons: ReactNode;
}) {
  const detailId = useId();
  return (
    <ModalOverlay className="overlay" isOpen isKeyboardDismissDisabled>
      <Modal className="modal ring-modal">
        <Dialog role="alertdialog" className="ring" aria-describedby={detailId}>
          <div className="ring-face" data-ringing={isRinging || undefined}>
            <span className="ring-row" aria-hidden="true" />
            <span className="ring-row" aria-hidden="true" />
            <span className="ring-row" aria-hidden="true" />
            <Avatar name={peer.displayName} picture={peer.picture} size="large" />
          </div>
          <Heading slot="title" className="ring-title">
            <bdi>{title}</bdi>
          </Heading>
          <p id={detailId} className="ring-detail" role="status">
            {detail}
          </p>
          {children}
          <div className="ring-buttons">{buttons}</div>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
