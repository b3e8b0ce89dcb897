package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

type kmsSeen struct {
	Key              string  `json:"key"`
	SigningKey       string  `json:"signingKey"`
	Decrypted        string  `json:"decrypted"`
	DecryptedBy      string  `json:"decryptedBy"`
	WrongContext     refusal `json:"wrongContext"`
	DataKeyBytes     int     `json:"dataKeyBytes"`
	SameDataKey      bool    `json:"sameDataKey"`
	Valid            bool    `json:"valid"`
	ValidByPublicKey bool    `json:"validByPublicKey"`
	WrongSignature   refusal `json:"wrongSignature"`
	MissingKey       refusal `json:"missingKey"`
}

// names are the ARNs of a symmetric key and of an RSA key; without them two are made.
func kmsRound(ctx context.Context, settings aws.Config, names []string) (any, error) {
	client := kms.NewFromConfig(settings)
	if len(names) == 0 {
		for _, wanted := range []kms.CreateKeyInput{
			{},
			{KeySpec: types.KeySpecRsa2048, KeyUsage: types.KeyUsageTypeSignVerify},
		} {
			made, err := client.CreateKey(ctx, &wanted)
			if err != nil {
				return nil, err
			}
			names = append(names, aws.ToString(made.KeyMetadata.Arn))
		}
	}
	found := &kmsSeen{Key: names[0], SigningKey: names[1]}
	for _, part := range []func(context.Context, *kms.Client, *kmsSeen) error{encryption, dataKey, signature} {
		if err := part(ctx, client, found); err != nil {
			return nil, err
		}
	}
	missing := aws.String("00000000-0000-4000-8000-000000000000")
	_, err := client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: missing})
	found.MissingKey = refused[*types.NotFoundException](err)
	return found, nil
}

func encryption(ctx context.Context, client *kms.Client, found *kmsSeen) error {
	about := map[string]string{"kind": "greeting"}
	encrypted, err := client.Encrypt(ctx, &kms.EncryptInput{
		KeyId:             &found.Key,
		Plaintext:         []byte("żółw & <b>"),
		EncryptionContext: about,
	})
	if err != nil {
		return err
	}
	decrypted, err := client.Decrypt(ctx, &kms.DecryptInput{
		CiphertextBlob:    encrypted.CiphertextBlob,
		EncryptionContext: about,
	})
	if err != nil {
		return err
	}
	found.Decrypted, found.DecryptedBy = string(decrypted.Plaintext), aws.ToString(decrypted.KeyId)
	_, err = client.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: encrypted.CiphertextBlob})
	found.WrongContext = refused[*types.NotFoundException](err)
	return nil
}

func dataKey(ctx context.Context, client *kms.Client, found *kmsSeen) error {
	made, err := client.GenerateDataKey(ctx, &kms.GenerateDataKeyInput{
		KeyId:   &found.Key,
		KeySpec: types.DataKeySpecAes256,
	})
	if err != nil {
		return err
	}
	unwrapped, err := client.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: made.CiphertextBlob})
	if err != nil {
		return err
	}
	found.DataKeyBytes, found.SameDataKey = len(made.Plaintext), bytes.Equal(made.Plaintext, unwrapped.Plaintext)
	return nil
}

func signature(ctx context.Context, client *kms.Client, found *kmsSeen) error {
	message, algorithm := []byte("żółw & <b>"), types.SigningAlgorithmSpecRsassaPssSha256
	signed, err := client.Sign(ctx, &kms.SignInput{
		KeyId:            &found.SigningKey,
		Message:          message,
		SigningAlgorithm: algorithm,
	})
	if err != nil {
		return err
	}
	asked := &kms.VerifyInput{
		KeyId:            &found.SigningKey,
		Message:          message,
		Signature:        signed.Signature,
		SigningAlgorithm: algorithm,
	}
	verified, err := client.Verify(ctx, asked)
	if err != nil {
		return err
	}
	found.Valid = verified.SignatureValid
	if found.ValidByPublicKey, err = validByPublicKey(ctx, client, asked); err != nil {
		return err
	}
	asked.Message = []byte("another")
	_, err = client.Verify(ctx, asked)
	found.WrongSignature = refused[*types.NotFoundException](err)
	return nil
}

func validByPublicKey(ctx context.Context, client *kms.Client, asked *kms.VerifyInput) (bool, error) {
	exported, err := client.GetPublicKey(ctx, &kms.GetPublicKeyInput{KeyId: asked.KeyId})
	if err != nil {
		return false, err
	}
	parsed, err := x509.ParsePKIXPublicKey(exported.PublicKey)
	if err != nil {
		return false, err
	}
	key, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return false, fmt.Errorf("this is no RSA key: %T", parsed)
	}
	digest := sha256.Sum256(asked.Message)
	options := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
	return rsa.VerifyPSS(key, crypto.SHA256, digest[:], asked.Signature, options) == nil, nil
}
